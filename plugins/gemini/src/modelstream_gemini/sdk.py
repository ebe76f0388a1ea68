"""The transport `sdk`: one of Google's SDKs builds the request, which is sent here."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from modelstream.wire.clients import Clients
from modelstream.wire.failures import unanswered
from modelstream.wire.httpx_streams import AsyncHttpxStream, HttpxStream
from modelstream.wire.limits import httpx_timeout
from modelstream_gemini.backends import backend_for

if TYPE_CHECKING:
    from ssl import SSLContext

    import httpx

    from modelstream.request import Request
    from modelstream_gemini.backends import Asked, Prepared
    from modelstream_gemini.config import GeminiConfig


class SdkTransport:
    """Sends what a backend builds.

    The SDKs' own ways to send are not used: one of them is a chunk behind and has no async, and the other
    takes a cut answer for a whole one.
    """

    def __init__(self, config: GeminiConfig) -> None:
        self._config = config
        self.backend = backend_for(config)
        self._clients: Clients[httpx.Client, httpx.AsyncClient] = Clients(
            _client, _async_client, close=lambda client: client.close(), aclose=lambda client: client.aclose()
        )
        self.close = self._clients.close

    def open(self, asked: Asked, request: Request) -> HttpxStream:
        """Send the request; its answer once the headers are there. Raises `StreamError`s, `ConfigError`s."""
        prepared = self.backend.prepare(asked)
        client = self._clients.client()
        sent = self._request(client, prepared)
        try:
            return HttpxStream(client.send(sent, stream=True))
        except Exception as error:
            raise unanswered(error, prepared.url) from error

    async def aopen(self, asked: Asked, request: Request) -> AsyncHttpxStream:
        """The same for coroutines."""
        from asyncio import to_thread

        # In a thread: the SDK's import takes a second, and for Vertex AI it may fetch a token.
        prepared = await to_thread(self.backend.prepare, asked)
        client = await self._clients.of_this_loop()
        sent = self._request(client, prepared)
        try:
            return AsyncHttpxStream(await client.send(sent, stream=True))
        except Exception as error:
            raise unanswered(error, prepared.url) from error

    def _request(self, client: httpx.Client | httpx.AsyncClient, prepared: Prepared) -> httpx.Request:
        timeout = httpx_timeout(self._config.headers_limit())
        url, headers, body = prepared
        return client.build_request(
            "POST", url, headers=headers, content=body, extensions={"timeout": timeout}
        )


def _client() -> httpx.Client:
    import httpx

    return httpx.Client(verify=certificates(), limits=_limits())


def _async_client() -> httpx.AsyncClient:
    import httpx

    return httpx.AsyncClient(verify=certificates(), limits=_limits())


@cache
def certificates() -> SSLContext:
    """The certificates to trust, read once: that takes longer than all the rest of making a client."""
    import httpx

    return httpx.create_ssl_context()


def _limits() -> httpx.Limits:
    """As many connections as there are calls: a stream must not wait for the end of others."""
    import httpx

    return httpx.Limits(max_connections=None, max_keepalive_connections=20)
