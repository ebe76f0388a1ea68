"""The model wrapper `zhipuai_chat`."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from modelstream.wire import SseFramer, WireWrapper
from modelstream_zhipuai.config import ZhipuAIConfig
from modelstream_zhipuai.frames import ZhipuAIFrames, by_code

if TYPE_CHECKING:
    from modelstream.config import ModelConfig
    from modelstream.errors import StreamError
    from modelstream.request import Request
    from modelstream.wire import AsyncByteStream, ByteStream
    from modelstream_zhipuai.native import NativeTransport
    from modelstream_zhipuai.sdk import SdkTransport


class ZhipuAIChat(WireWrapper):
    """The GLM models of ZhipuAI, in China and as Z.ai elsewhere.

    The transport that the config names sends the request: what zai-sdk or the older zhipuai makes of a call,
    or without either of them the same. The bytes that come back are read here.
    """

    model_type = "zhipuai_chat"
    config_class: ClassVar[type[ZhipuAIConfig]] = ZhipuAIConfig
    config: ZhipuAIConfig
    framer = SseFramer

    def __init__(self, config: Mapping[str, Any] | ModelConfig | None = None, /, **fields: Any) -> None:
        super().__init__(config, **fields)
        self.config = msgspec.structs.replace(self.config, model_name=self.config.model())
        self._transport = _transport(self.config)
        weakref.finalize(self, self._transport.close)

    def open(self, request: Request) -> ByteStream:
        """Send the request by the transport that the config names."""
        return self._transport.open(request)

    async def aopen(self, request: Request) -> AsyncByteStream:
        """The same for coroutines."""
        return await self._transport.aopen(request)

    def frame_reader(self, request: Request) -> ZhipuAIFrames:
        """A new reader for the frames of one answer."""
        return ZhipuAIFrames()

    def refusal(self, answer: ByteStream | AsyncByteStream, body: bytes) -> StreamError:
        """The error by the provider's own code, which says more than the status."""
        error = by_code(super().refusal(answer, body))
        if error.status == 404 and error.code is None:
            error.message += "\nIs base_url right? It is the address up to and with /v4."
        return error


def _transport(config: ZhipuAIConfig) -> SdkTransport | NativeTransport:
    if config.transport == "native":
        from modelstream_zhipuai.native import NativeTransport

        return NativeTransport(config)
    from modelstream_zhipuai.sdk import SdkTransport

    return SdkTransport(config)
