"""How requests go out and answers come in, whichever SDK built the request."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from modelstream.faults import as_stream_error
from modelstream.wire.httpx_streams import AsyncHttpxStream, HttpxStream

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from ssl import SSLContext

    from httpx import AsyncClient, Client, Limits, Request, Timeout

    from modelstream.errors import StreamError

LONGEST_CONNECT = 10.0
"""Seconds to wait for a connection."""


class Prepared(NamedTuple):
    """A request that is ready to be sent, key and all."""

    url: str
    headers: dict[str, str]
    body: bytes


class Transport:
    """Sends requests over connections that are used again: one pool for all threads, one per event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._of_loops: WeakKeyDictionary[AbstractEventLoop, _LoopClient] = WeakKeyDictionary()

    def send(self, prepared: Prepared, patience: float | None) -> HttpxStream:
        """Send the request; its answer, once the headers are there. `patience`: seconds to wait at most."""
        import httpx

        with self._lock:
            if self._client is None:
                self._client = httpx.Client(verify=certificates(), limits=_limits())
        client = self._client
        url, headers, body = prepared
        request = client.build_request("POST", url, headers=headers, content=body, timeout=_timeout(patience))
        try:
            return HttpxStream(client.send(request, stream=True))
        except Exception as error:
            raise _unsent(error, request) from error

    async def asend(self, prepared: Prepared, patience: float | None) -> AsyncHttpxStream:
        """The same for coroutines."""
        client = await self._of_this_loop()
        url, headers, body = prepared
        request = client.build_request("POST", url, headers=headers, content=body, timeout=_timeout(patience))
        try:
            return AsyncHttpxStream(await client.send(request, stream=True))
        except Exception as error:
            raise _unsent(error, request) from error

    def close(self) -> None:
        """Close the connections of threads; those of an event loop are closed when the loop shuts down."""
        if self._client is not None:
            self._client.close()

    async def _of_this_loop(self) -> AsyncClient:
        import asyncio

        loop = asyncio.get_running_loop()
        kept = self._of_loops.get(loop)
        if kept is None:
            # In a thread: the certificates, which a client reads, would stop the loop for a while.
            fresh = _LoopClient(await asyncio.to_thread(_async_client))
            with self._lock:
                for other in [one for one in self._of_loops if one.is_closed()]:
                    # Its connections refer to it, so that the weak key alone would keep it.
                    del self._of_loops[other]
                kept = self._of_loops.setdefault(loop, fresh)
            await kept.begin()
        return kept.client


class _LoopClient:
    """A client for one event loop, which closes it in the end.

    The occasion is an async generator that waits: a loop ends those before it closes.
    """

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self._waiting: AsyncGenerator[None] | None = None

    async def begin(self) -> None:
        """Tie the client to the running loop; does nothing the second time."""
        if self._waiting is None:
            self._waiting = _close_in_the_end(self.client)
            await anext(self._waiting)


def _async_client() -> AsyncClient:
    import httpx

    return httpx.AsyncClient(verify=certificates(), limits=_limits())


@cache
def certificates() -> SSLContext:
    """The certificates to trust, read once: that takes longer than all the rest of making a client."""
    import httpx

    return httpx.create_ssl_context()


async def _close_in_the_end(client: AsyncClient) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        await client.aclose()


def _limits() -> Limits:
    """As many connections as there are calls: a stream must not wait for the end of others."""
    import httpx

    return httpx.Limits(max_connections=None, max_keepalive_connections=20)


def _unsent(error: Exception, request: Request) -> StreamError:
    """The error for a request that got no answer; it tells where the request went."""
    ours = as_stream_error(error)
    ours.message += f" at {str(request.url).partition('?')[0]}"
    return ours


def _timeout(patience: float | None) -> Timeout:
    import httpx

    return httpx.Timeout(
        patience, connect=LONGEST_CONNECT if patience is None else min(patience, LONGEST_CONNECT)
    )
