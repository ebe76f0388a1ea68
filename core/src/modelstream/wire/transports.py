"""Transports, which send the requests of a wrapper: the core's own HTTP, or httpx."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from modelstream.errors import ConfigError
from modelstream.wire.failures import unanswered
from modelstream.wire.httpx_streams import AsyncHttpxStream, HttpxStream
from modelstream.wire.limits import httpx_timeout
from modelstream.wire.native import apost, post
from modelstream.wire.setup import check_proxy

if TYPE_CHECKING:
    from modelstream.errors import StreamError
    from modelstream.wire.clients import Clients
    from modelstream.wire.native import HttpRequest
    from modelstream.wire.native.loops import AsyncNativeStream
    from modelstream.wire.native.threads import NativeStream
    from modelstream.wire.streams import AsyncByteStream, ByteStream

OnCancel = Callable[[Callable[[], None]], None]


class Transport(Protocol):
    """Sends HTTP requests. `timeout` is in seconds and covers the time until the response's headers."""

    def load(self) -> None:
        """Import libraries and create the client for threads, so that `open` only has to send."""

    async def aload(self) -> None:
        """The same for the running event loop."""

    def open(self, http: HttpRequest, timeout: float | None, on_cancel: OnCancel) -> ByteStream:
        """Send from a thread; return the answer once its headers have arrived. Raises `StreamError`s.

        `on_cancel` is called with a function that ends the exchange from another thread.
        """

    async def aopen(self, http: HttpRequest, timeout: float | None) -> AsyncByteStream:  # noqa: ASYNC109
        """The same for coroutines."""

    def close(self) -> None:
        """Close the connections that belong to this transport."""


class NativeTransport:
    """The core's own HTTP. All its instances in a process share their connections."""

    def load(self) -> None:
        """Do nothing: there is nothing to import."""

    async def aload(self) -> None:
        """Do nothing."""

    def open(self, http: HttpRequest, timeout: float | None, on_cancel: OnCancel) -> NativeStream:
        """Send from a thread."""
        return post(http, timeout=timeout, on_cancel=on_cancel)

    async def aopen(self, http: HttpRequest, timeout: float | None) -> AsyncNativeStream:  # noqa: ASYNC109
        """Send from the running event loop."""
        return await apost(http, timeout=timeout)

    def close(self) -> None:
        """Do nothing: the connections are shared with other transports."""


class HttpxTransport:
    """httpx, with its own clients or those of an SDK."""

    def __init__(self, clients: Clients[Any, Any] | None = None) -> None:
        self._clients = _own_clients() if clients is None else clients
        self.close = self._clients.close

    def load(self) -> None:
        """Create the client for threads."""
        self._clients.client()

    async def aload(self) -> None:
        """Create the client for the running event loop."""
        await self._clients.of_this_loop()

    def open(self, http: HttpRequest, timeout: float | None, on_cancel: OnCancel) -> HttpxStream:
        """Send from a thread."""
        client = self._clients.client()
        check_proxy(_url(client, http))
        try:
            return HttpxStream(client.send(_build(client, http, timeout), stream=True))
        except Exception as error:
            raise _failure(error, client, http) from error

    async def aopen(self, http: HttpRequest, timeout: float | None) -> AsyncHttpxStream:  # noqa: ASYNC109
        """Send from the running event loop."""
        client = await self._clients.of_this_loop()
        check_proxy(_url(client, http))
        try:
            return AsyncHttpxStream(await client.send(_build(client, http, timeout), stream=True))
        except Exception as error:
            raise _failure(error, client, http) from error


def _build(client: Any, http: HttpRequest, timeout: float | None) -> Any:
    extensions = {"timeout": httpx_timeout(timeout)}
    return client.build_request(
        "POST", http.url, headers=dict(http.headers), content=http.body, extensions=extensions
    )


def _failure(error: Exception, client: Any, http: HttpRequest) -> StreamError:
    return unanswered(error, _url(client, http))


def _url(client: Any, http: HttpRequest) -> str:
    return http.url if "://" in http.url else f"{str(client.base_url).rstrip('/')}{http.url}"


def _own_clients() -> Clients[Any, Any]:
    from importlib.util import find_spec

    from modelstream.wire.httpx_clients import uncapped_clients

    if find_spec("httpx") is None:
        raise ConfigError("transport is 'httpx', which is not installed: pip install httpx, or use 'native'.")
    return uncapped_clients()
