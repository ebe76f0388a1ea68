"""The model wrapper `gemini_chat`."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any, ClassVar

from modelstream.wire import WireWrapper
from modelstream_gemini.arguments import as_options, with_system
from modelstream_gemini.backends import Asked, backend_for
from modelstream_gemini.config import GeminiConfig
from modelstream_gemini.contents import Conversation, conversation
from modelstream_gemini.failures import refusal
from modelstream_gemini.frames import GeminiFrames
from modelstream_gemini.framing import GeminiFramer
from modelstream_gemini.signatures import Signatures
from modelstream_gemini.transport import Prepared, Transport

if TYPE_CHECKING:
    from modelstream.config import ModelConfig
    from modelstream.request import Request
    from modelstream.response import AsyncModelResponse, ModelResponse
    from modelstream.wire.httpx_streams import AsyncHttpxStream, HttpxStream


class GeminiChat(WireWrapper):
    """Google's Gemini models.

    One of Google's SDKs builds the request (see `backends`). Sending it and reading the answer is done here:
    one SDK is a chunk behind and has no async, and the other takes a cut answer for a whole one.
    """

    model_type = "gemini_chat"
    config_class: ClassVar[type[GeminiConfig]] = GeminiConfig
    config: GeminiConfig
    framer = GeminiFramer

    def __init__(self, config: Mapping[str, Any] | ModelConfig | None = None, /, **fields: Any) -> None:
        super().__init__(config, **fields)
        self._model = self.config.model()
        self._backend = backend_for(self.config)
        self._transport = Transport()
        self._signatures = Signatures()
        weakref.finalize(self, self._transport.close)

    def __call__(
        self,
        messages: Any = None,
        *,
        contents: Any = None,
        stream: bool | None = None,
        raw: bool = False,
        **arguments: Any,
    ) -> ModelResponse:
        """Call the model with `messages`, or with `contents` as Google's SDKs take them."""
        messages, arguments = _one_of(messages, contents, arguments)
        return super().__call__(messages, stream=stream, raw=raw, **arguments)

    async def acall(
        self,
        messages: Any = None,
        *,
        contents: Any = None,
        stream: bool | None = None,
        raw: bool = False,
        **arguments: Any,
    ) -> AsyncModelResponse:
        """Call the model from a coroutine; like calling the wrapper otherwise."""
        messages, arguments = _one_of(messages, contents, arguments)
        return await super().acall(messages, stream=stream, raw=raw, **arguments)

    def open(self, request: Request) -> HttpxStream:
        """Send the request."""
        answer = self._transport.send(self._prepared(request), self.config.headers_limit())
        if answer.status != 200:
            request.on_cancel(answer.abort)
            with closing(answer):
                raise refusal(answer.status, answer.read(), answer.headers)
        return answer

    async def aopen(self, request: Request) -> AsyncHttpxStream:
        """Send the request from a coroutine."""
        from asyncio import to_thread

        # In a thread: the SDK's import takes a second, and for Vertex AI it may fetch a token.
        prepared = await to_thread(self._prepared, request)
        answer = await self._transport.asend(prepared, self.config.headers_limit())
        if answer.status != 200:
            async with aclosing(answer):
                raise refusal(answer.status, await answer.aread(), answer.headers)
        return answer

    def frame_reader(self, request: Request) -> GeminiFrames:
        """A new reader for the frames of one answer."""
        return GeminiFrames(self._signatures, request.raw_chunks)

    def _prepared(self, request: Request) -> Prepared:
        options = as_options(request.arguments)
        model = options.pop("model", self._model)
        contents, system = self._asked(options.pop("contents", None), request)
        return self._backend.prepare(Asked(model, contents, with_system(options, system), request.stream))

    def _asked(self, contents: Any, request: Request) -> Conversation:
        """The conversation of this call; `contents` of the SDKs' own types stay as they are."""
        if contents is None:
            return conversation(request.messages, self._signatures)
        given = contents if isinstance(contents, list | tuple) else [contents]
        if all(isinstance(one, str | Mapping) for one in given):
            return conversation(map(_as_message, given), self._signatures)
        return Conversation(contents, [])


def _one_of(messages: Any, contents: Any, arguments: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The messages, and the arguments with the contents among them."""
    if messages is not None and contents is not None:
        raise TypeError("gemini_chat takes messages or contents, not both")
    if messages is None and contents is None:
        raise TypeError("gemini_chat is called without messages (or contents)")
    if _is_of_an_sdk(messages):
        # AgentScope's code hands over the contents as the first argument.
        messages, contents = None, messages
    return messages, arguments if contents is None else {**arguments, "contents": contents}


def _is_of_an_sdk(messages: Any) -> bool:
    """Whether there are objects in `messages` that are no messages: contents, parts, pictures."""
    if isinstance(messages, list | tuple):
        return any(map(_is_of_an_sdk, messages))
    return not (
        messages is None or isinstance(messages, str | Mapping) or hasattr(messages, "to_chat_messages")
    )


def _as_message(one: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """A str or a part that stands among the contents as a message of the user's."""
    if isinstance(one, Mapping) and ("parts" in one or "role" in one):
        return one
    return {"role": "user", "content": [one]}
