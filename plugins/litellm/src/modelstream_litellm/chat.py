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
    OpenAIFrames,
    SseFramer,
    WireWrapper,
    tool_choice,
)
from modelstream_litellm.config import LiteLLMConfig
from modelstream_litellm.failures import as_ours
from modelstream_litellm.sdk import litellm
from modelstream_litellm.streams import async_stream_of, stream_of

if TYPE_CHECKING:
    from modelstream.config import ModelConfig
    from modelstream.deltas import Yielded
    from modelstream.request import Request


class LiteLLMChat(WireWrapper):
    """A hundred more providers, by way of LiteLLM.

    The catch-all: where a provider has a plugin of its own, that one starts faster, costs less, and is closed
    sooner.
    """

    model_type = "litellm_chat"
    config_class: ClassVar[type[LiteLLMConfig]] = LiteLLMConfig
    config: LiteLLMConfig
    framer = SseFramer

    def __init__(self, config: Mapping[str, Any] | ModelConfig | None = None, /, **fields: Any) -> None:
        super().__init__(config, **fields)
        self.config = msgspec.structs.replace(self.config, model_name=self.config.model())

    def open(self, request: Request) -> ByteStream:
        """Call LiteLLM."""
        return stream_of(litellm().completion(**self._asked(request)), stream=request.stream)

    async def aopen(self, request: Request) -> AsyncByteStream:
        """Call LiteLLM from the running event loop."""
        # In a thread: the first one imports it, for seconds.
        module = await asyncio.to_thread(litellm)
        return await async_stream_of(await module.acompletion(**self._asked(request)), stream=request.stream)

    def frame_reader(self, request: Request) -> OpenAIFrames:
        """A new reader for the frames of one answer."""
        return OpenAIFrames()

    def deltas(self, request: Request) -> Iterator[Yielded]:
        """Open the answer and yield its deltas; what LiteLLM raises is raised as ours."""
        try:
            yield from super().deltas(request)
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001
            failure = error
        else:
            return
        # Not until here is it known what the caller was handling when this failed.
        raise as_ours(failure, sys.exception()) from failure

    async def adeltas(self, request: Request) -> AsyncGenerator[Yielded, None]:
        """Open the answer and yield its deltas; what LiteLLM raises is raised as ours."""
        try:
            async with aclosing(super().adeltas(request)) as batches:
                async for news in batches:
                    yield news
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001
            failure = error
        else:
            return
        raise as_ours(failure, sys.exception()) from failure

    def _asked(self, request: Request) -> dict[str, Any]:
        of_call, arguments = CallOptions.taken_from(request.arguments)
        if of_call.query:
            # It would go into the body.
            raise BadRequestError("extra_query is unsupported: LiteLLM sends no query.")
        options = of_call.over(CallOptions.of_config(self.config))
        asked = {
            "timeout": self.config.headers_limit(options.timeout),
            "max_retries": 0,
            **self.config.for_call(),
            **arguments,
            "messages": request.messages,
            "stream": request.stream,
        }
        if request.stream:
            asked["stream_options"] = {"include_usage": True, **(asked.get("stream_options") or {})}
        if "tool_choice" in asked:
            asked["tool_choice"] = tool_choice(asked["tool_choice"])
        named = {"extra_headers": options.headers, "extra_body": options.extra_body}
        return {**asked, **{name: dict(value) for name, value in named.items() if value}}
