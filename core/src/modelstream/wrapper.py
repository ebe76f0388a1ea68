"""The contract for model wrappers: one subclass for each model_type."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, overload

from modelstream.config import ModelConfig, parse_config
from modelstream.hookspecs import hookimpl
from modelstream.request import Request, bare_url

if TYPE_CHECKING:
    from modelstream.deltas import Yielded
    from modelstream.response import (
        AsyncModelResponse,
        AsyncStreamedResponse,
        ModelResponse,
        StreamedResponse,
    )


class ModelWrapper:
    """Calls one provider: turns a request into deltas.

        class EchoChat(ModelWrapper):
            model_type = "echo_chat"

            def deltas(self, request):
                for word in request.messages[-1]["content"].split():
                    yield word + " "
                yield Finish("stop")

        modelstream.register(EchoChat)
        model = modelstream.load_model({"config_name": "echo", "model_type": "echo_chat"})
        for last, text in model("one two three", stream=True).stream:
            ...

    Write `deltas`, `adeltas` or both; the core serves sync and async callers with either. Fields that
    only this provider has go into a `ModelConfig` subclass named in `config_class`; the validated config is
    then `self.config`. One wrapper may run any number of calls at once, so do not keep the state of a call
    on `self`.
    """

    model_type: ClassVar[str] = ""
    config_class: ClassVar[type[Any]] = ModelConfig
    config: Any

    def __init__(self, config: Mapping[str, Any] | ModelConfig | None = None, /, **fields: Any) -> None:
        if config is None or isinstance(config, Mapping):
            config = {"model_type": self.model_type, **(config or {}), **fields}
            config = parse_config(config, self.config_class)
        self.config = config

    def deltas(self, request: Request) -> Iterator[Yielded]:
        """Call the provider and yield each delta as soon as it arrives.

        Yield a str (text), a delta, or a list of deltas that arrived together. Yield `Finish` when, and only
        when, the provider's end marker was seen: an iterator that ends without it is reported as truncated.
        The call returns to the user at the first yield, so a wrapper that knows the request was accepted
        before it has a delta yields None there. Raise a `StreamError` for failures; the core maps any other
        exception to one. The iterator is closed (`GeneratorExit`) when the call is cancelled; a wrapper that
        blocks registers `request.on_cancel` to be woken.
        """
        raise NotImplementedError

    def adeltas(self, request: Request) -> AsyncIterator[Yielded]:
        """Like `deltas`, as an async generator that one task of the caller's event loop runs to its end."""
        raise NotImplementedError

    @overload
    def __call__(
        self, messages: Any, *, stream: Literal[True], raw: bool = False, **arguments: Any
    ) -> StreamedResponse: ...

    @overload
    def __call__(
        self, messages: Any, *, stream: bool | None = None, raw: bool = False, **arguments: Any
    ) -> ModelResponse: ...

    def __call__(
        self,
        messages: Any,
        *,
        stream: bool | None = None,
        raw: bool = False,
        **arguments: Any,
    ) -> ModelResponse:
        """Call the model. `stream` overrides the config's; `raw=True` keeps the provider's chunks.

        With `stream=True` the response's `stream` is never None, and type checkers know it.
        `messages` is a list of dicts, of `Msg`, or a str (one user message). Further arguments go to the
        provider and override the config's `generate_args`. Raises a `StreamError` when the provider refuses
        the call; later failures are raised where the response is read.
        """
        from modelstream.call.start import start
        from modelstream.response import ModelResponse

        return ModelResponse.of_call(start(self, self._request(messages, stream, raw, arguments)))

    @overload
    async def acall(
        self, messages: Any, *, stream: Literal[True], raw: bool = False, **arguments: Any
    ) -> AsyncStreamedResponse: ...

    @overload
    async def acall(
        self, messages: Any, *, stream: bool | None = None, raw: bool = False, **arguments: Any
    ) -> AsyncModelResponse: ...

    async def acall(
        self,
        messages: Any,
        *,
        stream: bool | None = None,
        raw: bool = False,
        **arguments: Any,
    ) -> AsyncModelResponse:
        """Call the model from a coroutine. Otherwise like calling the wrapper."""
        from modelstream.call.start import astart
        from modelstream.response import AsyncModelResponse

        return await AsyncModelResponse.of_call(astart(self, self._request(messages, stream, raw, arguments)))

    def format(self, *messages: Any, multi_agent_mode: bool = True) -> list[dict[str, Any]]:
        """Convert `Msg` objects, lists of them and None to messages for the provider, with role and content.

        In `multi_agent_mode` a `name` distinguishes speakers that share a role.
        """
        from modelstream._messages import as_chat_messages

        return as_chat_messages(messages, names=multi_agent_mode)

    def _request(
        self, messages: Any, stream: bool | None, raw: bool, arguments: Mapping[str, Any]
    ) -> Request:
        from modelstream._messages import with_own_state

        arguments = {**self.config.generate_args, **arguments}
        return Request(
            with_own_state(self._messages(messages), self, arguments),
            stream=self.config.stream if stream is None else stream,
            arguments=arguments,
            keep_raw=raw,
        )

    def _messages(self, messages: Any) -> Sequence[dict[str, Any]]:
        from modelstream._messages import as_chat_messages

        return as_chat_messages(messages)

    def state_owner(self) -> tuple[str, str]:
        """The dialect, or else the model_type, and the base URL to which the state of answers belongs.

        The state of an answer (see `StateDelta`) is in the messages of a later request only if both are
        equal.
        """
        return self.model_type, bare_url(getattr(self.config, "base_url", None) or "")

    def state_owner_of(self, arguments: Mapping[str, Any]) -> tuple[str, str]:
        """The `state_owner` of a call with these arguments, those of the config's `generate_args` among them.

        Override it if an argument of a call may change the server.
        """
        return self.state_owner()

    def accepts_reasoning(self) -> bool:
        """Whether messages may have reasoning without an owner, such as the `thinking` blocks of a `Msg`.

        If so, it is in their `provider_state`, as items with `reasoning_content` or `thinking_blocks`.
        """
        return False

    @classmethod
    def implements(cls, method: Literal["deltas", "adeltas"]) -> bool:
        """Whether this class overrides the method; those of the base class raise `NotImplementedError`."""
        return getattr(cls, method) is not getattr(ModelWrapper, method)

    @classmethod
    @hookimpl
    def modelstream_model_wrapper(cls, config: Mapping[str, Any]) -> ModelWrapper:
        """The hook's implementation for a plain subclass: `cls(config)`."""
        return cls(config)
