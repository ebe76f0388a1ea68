"""The model wrapper `openai_chat`."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from modelstream.wire import OpenAIFrames, SseFramer, WireWrapper
from modelstream_openai.arguments import tool_choice, with_usage
from modelstream_openai.config import OpenAIConfig
from modelstream_openai.failures import as_ours, refuses_stream_options

if TYPE_CHECKING:
    from modelstream.config import ModelConfig
    from modelstream.request import Request
    from modelstream.wire import AsyncByteStream, ByteStream
    from modelstream_openai.native import NativeTransport
    from modelstream_openai.sdk import SdkTransport


class OpenAIChat(WireWrapper):
    """OpenAI, and every server that speaks its chat completions.

    The transport that the config names sends the request; the bytes that come back are read here. Arguments
    of a call that nobody here knows are sent all the same: what is wrong with them, the server says.
    """

    model_type = "openai_chat"
    config_class: ClassVar[type[OpenAIConfig]] = OpenAIConfig
    config: OpenAIConfig
    framer = SseFramer

    def __init__(self, config: Mapping[str, Any] | ModelConfig | None = None, /, **fields: Any) -> None:
        super().__init__(config, **fields)
        self.config = msgspec.structs.replace(self.config, model_name=self.config.model())
        self._transport = _transport(self.config)
        self._usage_on_request = True
        weakref.finalize(self, self._transport.close)

    def open(self, request: Request) -> ByteStream:
        """Send the request by the transport that the config names."""
        asked = self._asked(request)
        while True:
            try:
                return self._transport.open(asked, request)
            except Exception as error:  # noqa: BLE001
                asked = self._asked_differently(request, asked, error)

    async def aopen(self, request: Request) -> AsyncByteStream:
        """The same for coroutines."""
        asked = self._asked(request)
        while True:
            try:
                return await self._transport.aopen(asked, request)
            except Exception as error:  # noqa: BLE001
                asked = self._asked_differently(request, asked, error)

    def frame_reader(self, request: Request) -> OpenAIFrames:
        """A new reader for the frames of one answer."""
        return OpenAIFrames()

    def _asked(self, request: Request) -> dict[str, Any]:
        """The request as arguments of the API, and of how to call it (`timeout`, `extra_headers`)."""
        arguments = {"model": self.config.model_name, **request.arguments}
        arguments["messages"] = request.messages
        arguments["stream"] = request.stream
        if "tool_choice" in arguments:
            arguments["tool_choice"] = tool_choice(arguments["tool_choice"])
        if request.stream and self._usage_on_request:
            arguments = with_usage(arguments)
        return arguments

    def _asked_differently(self, request: Request, asked: dict[str, Any], error: Exception) -> dict[str, Any]:
        """The arguments for another try at a server without `stream_options`, or the error raised as ours."""
        if (
            "stream_options" in asked
            and "stream_options" not in request.arguments
            and refuses_stream_options(error)
        ):
            self._usage_on_request = False
            return {name: value for name, value in asked.items() if name != "stream_options"}
        raise as_ours(error)


def _transport(config: OpenAIConfig) -> SdkTransport | NativeTransport:
    if config.transport == "native":
        from modelstream_openai.native import NativeTransport

        return NativeTransport(config)
    from modelstream_openai.sdk import SdkTransport

    return SdkTransport(config)
