"""The transport `sdk`: the official SDK sends the request; the bytes that come back are read by the core."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from modelstream.wire.httpx_streams import AsyncHttpxStream, HttpxStream
from modelstream.wire.limits import connect_limit
from modelstream_openai.arguments import sorted_out
from modelstream_openai.clients import clients

if TYPE_CHECKING:
    from modelstream.request import Request
    from modelstream_openai.config import OpenAIConfig


class SdkTransport:
    """Sends requests through the SDK's clients of one config."""

    def __init__(self, config: OpenAIConfig) -> None:
        self._config = config
        self._clients = clients(config.for_client())
        self.close = self._clients.close

    def open(self, asked: dict[str, Any], request: Request) -> HttpxStream:
        """Send the request; its answer once the headers are there. Raises what the SDK raises."""
        create = self._clients.client().chat.completions.with_streaming_response.create
        return HttpxStream(create(**self._as_arguments(asked)).__enter__().http_response)

    async def aopen(self, asked: dict[str, Any], request: Request) -> AsyncHttpxStream:
        """The same for coroutines."""
        create = (await self._clients.of_this_loop()).chat.completions.with_streaming_response.create
        answer = await create(**self._as_arguments(asked)).__aenter__()
        return AsyncHttpxStream(answer.http_response)

    def _as_arguments(self, asked: dict[str, Any]) -> dict[str, Any]:
        arguments = {**asked, "timeout": self._timeout(asked.get("timeout"))}
        return sorted_out(arguments, _known_arguments())

    def _timeout(self, of_call: Any) -> Any:
        """The SDK's limit for the headers; behind them the clocks of the call watch."""
        from openai import Timeout

        given = self._config.client_args.get("timeout") if of_call is None else of_call
        if isinstance(given, Timeout):
            return given
        seconds = self._config.headers_limit(given)
        return Timeout(seconds, connect=connect_limit(seconds))


@cache
def _known_arguments() -> frozenset[str]:
    import inspect

    from openai.resources.chat.completions import Completions

    return frozenset(inspect.signature(Completions.create).parameters) - {"self"}
