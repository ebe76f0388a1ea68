"""The model wrapper `litellm_chat`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from modelstream.errors import ConfigError
from modelstream.wire import AsyncByteStream, ByteStream, OpenAIFrames, SseFramer, WireWrapper
from modelstream_litellm.config import LiteLLMConfig
from modelstream_litellm.failures import as_ours
from modelstream_litellm.sdk import litellm
from modelstream_litellm.streams import async_stream_of, stream_of

if TYPE_CHECKING:
    from modelstream.config import ModelConfig
    from modelstream.deltas import Yielded
    from modelstream.request import Request

_CHOICES = frozenset({"none", "auto", "required", "any"})


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
        asked = {
            "timeout": self.config.headers_limit(),
            "max_retries": 0,
            **self.config.for_call(),
            **request.arguments,
            "messages": request.messages,
            "stream": request.stream,
        }
        if request.stream:
            asked["stream_options"] = {"include_usage": True, **(asked.get("stream_options") or {})}
        choice = asked.get("tool_choice")
        if isinstance(choice, str) and choice not in _CHOICES:
            asked["tool_choice"] = {"type": "function", "function": {"name": choice}}
        return asked
