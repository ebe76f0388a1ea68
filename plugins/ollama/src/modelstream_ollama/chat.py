"""The model wrapper `ollama_chat`."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from modelstream.wire import NdjsonFramer, WireWrapper
from modelstream_ollama.config import OllamaConfig
from modelstream_ollama.failures import with_hint
from modelstream_ollama.frames import OllamaFrames
from modelstream_ollama.requests import body_of

if TYPE_CHECKING:
    from modelstream.config import ModelConfig
    from modelstream.errors import StreamError
    from modelstream.request import Request
    from modelstream.wire import AsyncByteStream, ByteStream
    from modelstream_ollama.native import NativeTransport
    from modelstream_ollama.sdk import SdkTransport


class OllamaChat(WireWrapper):
    """Models that an Ollama server runs, on this machine or another.

    The transport that the config names sends the request; the bytes that come back are read here.
    """

    model_type = "ollama_chat"
    config_class: ClassVar[type[OllamaConfig]] = OllamaConfig
    config: OllamaConfig
    framer = NdjsonFramer

    def __init__(self, config: Mapping[str, Any] | ModelConfig | None = None, /, **fields: Any) -> None:
        super().__init__(config, **fields)
        self.config = self.config.completed()
        self._transport = _transport(self.config)
        weakref.finalize(self, self._transport.close)

    def open(self, request: Request) -> ByteStream:
        """Send the request by the transport that the config names."""
        return self._transport.open(body_of(self.config, request), request)

    async def aopen(self, request: Request) -> AsyncByteStream:
        """The same for coroutines."""
        return await self._transport.aopen(body_of(self.config, request), request)

    def frame_reader(self, request: Request) -> OllamaFrames:
        """A new reader for the frames of one answer."""
        return OllamaFrames()

    def refusal(self, answer: ByteStream | AsyncByteStream, body: bytes) -> StreamError:
        """What the server says, with the way out where there is one."""
        return with_hint(super().refusal(answer, body), str(self.config.model_name))


def _transport(config: OllamaConfig) -> SdkTransport | NativeTransport:
    if config.transport == "native":
        from modelstream_ollama.native import NativeTransport

        return NativeTransport(config)
    from modelstream_ollama.sdk import SdkTransport

    return SdkTransport(config)
