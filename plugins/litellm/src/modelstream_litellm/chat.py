"""The model wrapper `litellm_chat`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from modelstream.errors import BadRequestError, ConfigError
from modelstream.wire import (
    AsyncByteStream,
    ByteStream,
    CallOptions,
    FrameReader,
    OpenAIDialect,
    WireWrapper,
    bare_url,
    tool_choice,
)
from modelstream_litellm.config import LiteLLMConfig
from modelstream_litellm.failures import map_error
from modelstream_litellm.messages import prepare_messages
from modelstream_litellm.sdk import litellm
from modelstream_litellm.streams import async_stream_of, stream_of

if TYPE_CHECKING:
    from modelstream.config import ModelConfig
    from modelstream.deltas import Yielded
    from modelstream.request import Request


class LiteLLMChat(WireWrapper):
    """A hundred more providers, through LiteLLM.

    Prefer the provider's own plugin where there is one: it starts faster, needs less time per chunk, and
    closes its connection sooner.
    """

    model_type = "litellm_chat"
    config_class: ClassVar[type[LiteLLMConfig]] = LiteLLMConfig
    config: LiteLLMConfig
    dialect: ClassVar[OpenAIDialect] = OpenAIDialect()
    framer = staticmethod(dialect.framing.framer)

    def __init__(self, config: Mapping[str, Any] | ModelConfig | None = None, /, **fields: Any) -> None:
        super().__init__(config, **fields)
        self.config = msgspec.structs.replace(self.config, model_name=self.config.model())

    def open(self, request: Request) -> ByteStream:
        """Call LiteLLM."""
        return stream_of(litellm().completion(**self._arguments(request)), stream=request.stream)

    async def aopen(self, request: Request) -> AsyncByteStream:
        """Call LiteLLM from the running event loop."""
        # In a thread, because the first call imports LiteLLM, which takes seconds.
        module = await asyncio.to_thread(litellm)
        return await async_stream_of(
            await module.acompletion(**self._arguments(request)), stream=request.stream
        )

    def state_owner(self) -> tuple[str, str]:
        """The model_type, and the URL of the server, or else LiteLLM's name for the provider."""
        url = self.config.base_url or self.config.generate_args.get("api_base")
        return self.model_type, bare_url(str(url)) if url else self._provider()

    def accepts_reasoning(self) -> bool:
        """Whether messages may have reasoning: LiteLLM converts it for the provider."""
        return True

    def frame_reader(self, request: Request) -> FrameReader:
        """A new reader for the frames of one answer."""
        return self.dialect.reader()

    def deltas(self, request: Request) -> Iterator[Yielded]:
        """Open the answer and yield its deltas; errors of LiteLLM are raised as `StreamError`s."""
        try:
            yield from super().deltas(request)
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001
            failure = error
        else:
            return
        # Outside the except clause, sys.exception() is what the caller was handling when this failed.
        raise map_error(failure, sys.exception()) from failure

    async def adeltas(self, request: Request) -> AsyncGenerator[Yielded, None]:
        """Open the answer and yield its deltas; errors of LiteLLM are raised as `StreamError`s."""
        try:
            async with aclosing(super().adeltas(request)) as batches:
                async for deltas in batches:
                    yield deltas
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001
            failure = error
        else:
            return
        raise map_error(failure, sys.exception()) from failure

    def _provider(self) -> str:
        return (self.config.model_name or "").partition("/")[0]

    def _arguments(self, request: Request) -> dict[str, Any]:
        call_options, arguments = CallOptions.taken_from(request.arguments)
        if call_options.query:
            # LiteLLM would put it into the body.
            raise BadRequestError("extra_query is unsupported: LiteLLM sends no query.")
        options = call_options.over(CallOptions.of_config(self.config))
        prepared = {
            "timeout": self.config.headers_limit(options.timeout),
            "max_retries": 0,
            **self.config.for_call(),
            **arguments,
            "messages": prepare_messages(request.messages, self._provider()),
            "stream": request.stream,
        }
        if request.stream:
            prepared["stream_options"] = {"include_usage": True, **(prepared.get("stream_options") or {})}
        if "tool_choice" in prepared:
            prepared["tool_choice"] = tool_choice(prepared["tool_choice"])
        named = {"extra_headers": options.headers, "extra_body": options.extra_body}
        return {**prepared, **{name: dict(value) for name, value in named.items() if value}}
