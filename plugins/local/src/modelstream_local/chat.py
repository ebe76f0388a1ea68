"""The model wrapper `local_chat`: answers from a model that runs in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, overload

import msgspec

from modelstream.config import ModelConfig
from modelstream.errors import BadRequestError
from modelstream.wrapper import ModelWrapper
from modelstream_local import weights

if TYPE_CHECKING:
    from modelstream.deltas import Yielded
    from modelstream.request import Request
    from modelstream.response import (
        AsyncModelResponse,
        AsyncStreamedResponse,
        ModelResponse,
        StreamedResponse,
    )
    from modelstream_local.engine import Engine
    from modelstream_local.generation import Generation

EMBEDDED_DEFAULTS = {"max_tokens": 320, "repeat_penalty": 1.1}
"""For the embedded model only. It is small: without the penalty half of its answers repeat themselves, and
with it most end within this many tokens."""

_LENGTHS = ("max_tokens", "max_completion_tokens", "n_predict")
Positive = Annotated[int, msgspec.Meta(ge=1)]


class LocalConfig(ModelConfig, kw_only=True):
    """The config of a model that runs in this process.

    `model_path` names a GGUF file; None means the file in `MODELSTREAM_LOCAL_MODEL`, and without it the
    embedded model. `context_length` is the room, in tokens, for one conversation and its answer. `threads`
    None uses half of the processors, four at most. `max_tokens` None means 320 for the embedded model and,
    for one of yours, what the context has room for. `seed` None gives another answer each time, unless
    `temperature` is 0.
    """

    model_path: str | None = None
    context_length: Positive = 2048
    threads: Positive | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0)] = 0.2
    max_tokens: Positive | None = None
    seed: Annotated[int, msgspec.Meta(ge=0)] | None = None


class LocalChat(ModelWrapper):
    """A model inside the process: no key and no service.

    The weights of the embedded model are fetched by the first call that needs them, before any of the
    call's timeouts starts. The engine is loaded once for each model file, context length and number of
    threads, is shared by all wrappers, and answers two calls at a time; further ones wait for their turn.
    """

    model_type = "local_chat"
    config_class: ClassVar[type[LocalConfig]] = LocalConfig
    config: LocalConfig

    def __init__(self, config: Mapping[str, Any] | ModelConfig | None = None, /, **fields: Any) -> None:
        super().__init__(config, **fields)
        self._own_model = weights.own_model(self.config.model_path)
        if self.config.model_name is None:
            name = self._own_model.stem if self._own_model else weights.EMBEDDED.name
            self.config = msgspec.structs.replace(self.config, model_name=name)

    @overload
    def __call__(
        self, messages: Any, *, stream: Literal[True], raw: bool = False, **arguments: Any
    ) -> StreamedResponse: ...

    @overload
    def __call__(
        self, messages: Any, *, stream: bool | None = None, raw: bool = False, **arguments: Any
    ) -> ModelResponse: ...

    def __call__(
        self, messages: Any, *, stream: bool | None = None, raw: bool = False, **arguments: Any
    ) -> ModelResponse:
        """Call the model, after fetching its weights if they are not there yet."""
        self._path()
        return super().__call__(messages, stream=stream, raw=raw, **arguments)

    @overload
    async def acall(
        self, messages: Any, *, stream: Literal[True], raw: bool = False, **arguments: Any
    ) -> AsyncStreamedResponse: ...

    @overload
    async def acall(
        self, messages: Any, *, stream: bool | None = None, raw: bool = False, **arguments: Any
    ) -> AsyncModelResponse: ...

    async def acall(
        self, messages: Any, *, stream: bool | None = None, raw: bool = False, **arguments: Any
    ) -> AsyncModelResponse:
        """Call the model from a coroutine; like calling the wrapper otherwise."""
        await self._apath()
        return await super().acall(messages, stream=stream, raw=raw, **arguments)

    def deltas(self, request: Request) -> Iterator[Yielded]:
        """Run the model in its own thread and yield its deltas; None while it reads the messages."""
        yield from self._generation(request, self._path()).read()

    async def adeltas(self, request: Request) -> AsyncIterator[Yielded]:
        """The same without blocking the event loop, except while the engine is loaded, once.

        The engine does that with the interpreter locked: all threads wait, for 0.3 s with the embedded model.
        """
        generation = self._generation(request, await self._apath())
        reader = generation.aread()
        try:
            async for deltas in reader:
                yield deltas
        finally:
            await reader.aclose()

    def _path(self) -> Path:
        return self._own_model or weights.ensure()

    async def _apath(self) -> Path:
        path = self._own_model or weights.cached()
        if path is None:
            import asyncio

            path = await asyncio.to_thread(weights.ensure)
        return path

    def _generation(self, request: Request, path: Path) -> Generation:
        # Imported here, since listing models and reading configs need no engine.
        from modelstream_local.engine import engine_for
        from modelstream_local.generation import Generation

        def load() -> Engine:
            return engine_for(path, self.config.context_length, self.config.threads)

        return Generation(load, self._body(request), request)

    def _body(self, request: Request) -> dict[str, Any]:
        """The request body for the engine, which ignores unknown arguments and rejects invalid ones."""
        if not request.messages:
            raise BadRequestError("messages is empty: the model needs at least one message to answer")
        body = {
            **self._defaults(request.arguments),
            **request.arguments,
            "messages": request.messages,
            # Always streamed, since only a streamed answer can be stopped half-way.
            "stream": True,
            "stream_options": {"include_usage": True},
            # A chunk for each batch of the prompt, so that a call can be stopped before the first token.
            "return_progress": True,
        }
        return {name: value for name, value in body.items() if value is not None}

    def _defaults(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The config's values for what the call does not set."""
        defaults: dict[str, Any] = {} if self._own_model else dict(EMBEDDED_DEFAULTS)
        defaults |= {"temperature": self.config.temperature, "seed": self.config.seed}
        if self.config.max_tokens is not None:
            defaults["max_tokens"] = self.config.max_tokens
        if any(name in arguments for name in _LENGTHS):  # all of them mean the same limit
            defaults.pop("max_tokens", None)
        return defaults
