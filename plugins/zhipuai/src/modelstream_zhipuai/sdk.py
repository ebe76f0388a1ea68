"""The transport `sdk`: an SDK makes the request; httpx sends it, and its bytes are read by the core."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from modelstream.errors import ConfigError
from modelstream.wire.clients import Clients
from modelstream.wire.failures import unanswered
from modelstream.wire.httpx_streams import AsyncHttpxStream, HttpxStream
from modelstream.wire.limits import httpx_timeout
from modelstream_zhipuai.asking import Asker

if TYPE_CHECKING:
    import httpx

    from modelstream.request import Request
    from modelstream_zhipuai.config import ZhipuAIConfig


class SdkTransport:
    """Sends requests of one config."""

    def __init__(self, config: ZhipuAIConfig) -> None:
        self._config = config
        self._asker = Asker(config)
        self._clients: Clients[httpx.Client, httpx.AsyncClient] = Clients(
            _client, _async_client, lambda client: client.close(), lambda client: client.aclose()
        )
        self.close = self._clients.close

    def open(self, request: Request) -> HttpxStream:
        """Send the request; its answer once the headers are there. Raises `StreamError`s."""
        asked = self._asked(request)
        try:
            return HttpxStream(self._clients.client().send(asked, stream=True))
        except Exception as error:
            raise unanswered(error, str(asked.url)) from error

    async def aopen(self, request: Request) -> AsyncHttpxStream:
        """The same for coroutines."""
        # In a thread: the first one imports the SDK.
        asked = await asyncio.to_thread(self._asked, request)
        try:
            return AsyncHttpxStream(await (await self._clients.of_this_loop()).send(asked, stream=True))
        except Exception as error:
            raise unanswered(error, str(asked.url)) from error

    def _asked(self, request: Request) -> httpx.Request:
        arguments = dict(request.arguments)
        limits = self._limits(arguments.pop("timeout", None))
        asked = self._asker.request(request.messages, arguments, stream=request.stream)
        asked.extensions["timeout"] = limits
        return asked

    def _limits(self, of_call: Any) -> dict[str, float | None]:
        """For the headers; behind them the clocks of the call watch."""
        given = self._config.client_args.get("timeout") if of_call is None else of_call
        seconds = getattr(given, "read", given)
        if not isinstance(seconds, int | float | None):
            raise ConfigError(f"timeout is {given!r}: expected seconds, or httpx.Timeout.")
        return httpx_timeout(self._config.headers_limit(seconds))


def _client() -> httpx.Client:
    import httpx

    return httpx.Client(follow_redirects=True)


def _async_client() -> httpx.AsyncClient:
    import httpx

    return httpx.AsyncClient(follow_redirects=True)
