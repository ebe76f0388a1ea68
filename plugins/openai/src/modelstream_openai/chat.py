"""The model wrapper `openai_chat`."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from modelstream.wire import SseFramer, WireWrapper
from modelstream.wire.httpx_streams import AsyncHttpxStream, HttpxStream
from modelstream.wire.openai_shape import OpenAIFrames
from modelstream_openai.arguments import sorted_out, tool_choice, with_usage
from modelstream_openai.clients import clients
from modelstream_openai.config import OpenAIConfig
from modelstream_openai.failures import as_ours, refuses_stream_options

if TYPE_CHECKING:
    from modelstream.config import ModelConfig
    from modelstream.request import Request

LONGEST_CONNECT = 5.0
"""Seconds to wait for a connection, as the SDK does; what answers at all has answered by then."""


class OpenAIChat(WireWrapper):
    """OpenAI, and every server that speaks its chat completions.

    The SDK sends the request; the bytes that come back are read here. Arguments of a call that the SDK does
    not know are sent all the same: what is wrong with them, the server says.
    """

    model_type = "openai_chat"
    config_class: ClassVar[type[OpenAIConfig]] = OpenAIConfig
    config: OpenAIConfig
    framer = SseFramer

    def __init__(self, config: Mapping[str, Any] | ModelConfig | None = None, /, **fields: Any) -> None:
        super().__init__(config, **fields)
        self.config = msgspec.structs.replace(self.config, model_name=self.config.model())
        self._clients = clients(self.config.for_client())
        self._usage_on_request = True
        weakref.finalize(self, self._clients.close)

    def open(self, request: Request) -> HttpxStream:
        """Send the request through the SDK's client."""
        create = self._clients.client().chat.completions.with_streaming_response.create
        asked = self._asked(request)
        while True:
            try:
                return HttpxStream(create(**asked).__enter__().http_response)
            except Exception as error:  # noqa: BLE001
                asked = self._asked_differently(request, asked, error)

    async def aopen(self, request: Request) -> AsyncHttpxStream:
        """Send the request through the SDK's client of the running event loop."""
        create = (await self._clients.of_this_loop()).chat.completions.with_streaming_response.create
        asked = self._asked(request)
        while True:
            try:
                answer = await create(**asked).__aenter__()
                return AsyncHttpxStream(answer.http_response)
            except Exception as error:  # noqa: BLE001
                asked = self._asked_differently(request, asked, error)

    def frame_reader(self, request: Request) -> OpenAIFrames:
        """A new reader for the frames of one answer."""
        return OpenAIFrames()

    def _asked(self, request: Request) -> dict[str, Any]:
        """The request as arguments of the SDK's `create`."""
        arguments = {"model": self.config.model_name, **request.arguments}
        arguments["messages"] = request.messages
        arguments["stream"] = request.stream
        arguments["timeout"] = self._timeout(arguments.get("timeout"))
        if "tool_choice" in arguments:
            arguments["tool_choice"] = tool_choice(arguments["tool_choice"])
        if request.stream and self._usage_on_request:
            arguments = with_usage(arguments)
        return sorted_out(arguments, _known_arguments())

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

    def _timeout(self, of_call: Any) -> Any:
        """The SDK's limit for the headers; behind them the clocks of the call watch."""
        from openai import Timeout

        config = self.config
        given = config.client_args.get("timeout") if of_call is None else of_call
        if isinstance(given, Timeout):
            return given
        limits = [given, config.first_delta_timeout, config.total_timeout]
        seconds = min((limit for limit in limits if limit is not None), default=None)
        return Timeout(seconds, connect=LONGEST_CONNECT if seconds is None else min(seconds, LONGEST_CONNECT))


@cache
def _known_arguments() -> frozenset[str]:
    import inspect

    from openai.resources.chat.completions import Completions

    return frozenset(inspect.signature(Completions.create).parameters) - {"self"}
