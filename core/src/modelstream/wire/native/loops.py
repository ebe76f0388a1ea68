"""Answers read in an event loop, and the pools that keep their connections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from typing import Any, cast

from modelstream.errors import ConnectionLostError
from modelstream.wire.clients import Clients
from modelstream.wire.limits import connect_limit
from modelstream.wire.native.connection import Connection
from modelstream.wire.native.failures import check_tunnel, errors_at
from modelstream.wire.native.message import HttpRequest, connect_to, to_bytes
from modelstream.wire.native.parsing import Answer
from modelstream.wire.native.route import Route, route_to
from modelstream.wire.native.threads import DRAINING, IDLE_TIMEOUT, MAX_IDLE, readable
from modelstream.wire.native.tls import tls_context, tls_context_ready


class LoopPool:
    """Idle connections of one event loop, by route."""

    def __init__(self) -> None:
        self._idle: dict[Route, list[Connection]] = {}

    def take(self, route: Route) -> Connection | None:
        """The most recently used idle connection that the server has not closed; None if there is none."""
        idle = self._idle.get(route)
        while idle:
            connection = idle.pop()
            fresh = connection.idle and time.monotonic() - connection.since < IDLE_TIMEOUT
            # Ask the system as well: the loop may not have run since the server closed the connection.
            if fresh and not readable(connection.transport.get_extra_info("socket")):
                return connection
            connection.abort()
        return None

    def keep(self, route: Route, connection: Connection) -> None:
        """Keep the connection for a later call."""
        connection.since = now = time.monotonic()
        idle = [*self._idle.get(route, ()), connection]
        fresh = [one for one in idle[-MAX_IDLE:] if one.idle and now - one.since < IDLE_TIMEOUT]
        for one in idle:
            if one not in fresh:
                one.abort()
        self._idle[route] = fresh

    async def close(self) -> None:
        """Close all idle connections."""
        idle, self._idle = self._idle, {}
        for connections in idle.values():
            for connection in connections:
                connection.abort()
        await asyncio.sleep(0)


pools: Clients[None, LoopPool] = Clients(
    lambda: None, LoopPool, close=lambda _: None, aclose=lambda pool: pool.close()
)


class AsyncNativeStream:
    """An HTTP answer read by a coroutine: an `AsyncByteStream` and a `PushedStream`, after `begin`."""

    def __init__(self, pool: LoopPool, route: Route, connection: Connection) -> None:
        self._pool = pool
        self._route = route
        self._connection: Connection | None = connection
        self._answer = Answer()
        self._ahead = b""
        self._read_out = False
        self.status = 0
        self.headers: Mapping[str, str] = {}

    async def begin(self, data: bytes) -> None:
        """Send the request and wait for the headers."""
        connection = self._open_connection()
        connection.transport.write(data)
        self._ahead = await _read_head(connection, self._answer)
        self.status, self.headers = self._answer.status, self._answer.headers

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The body in pieces as they arrive."""
        return self

    async def __anext__(self) -> bytes:
        """The next piece of the body."""
        answer = self._answer
        piece, self._ahead = self._ahead, b""
        while not piece:
            if answer.complete:
                self._read_out = True
                raise StopAsyncIteration
            data = await self._open_connection().receive()
            if data:
                piece = answer.feed(data)
            else:
                answer.close()
        return piece

    async def apush(self, take: Callable[[bytes], bool]) -> bool:
        """Call `take` with each piece as it arrives. False if it returns False before the end."""
        answer = self._answer
        piece, self._ahead = self._ahead, b""
        if piece and not take(piece):
            return False

        def arrived(data: bytes) -> bool:
            piece = answer.feed(data)
            return (not piece or take(piece)) and not answer.complete

        while not answer.complete:
            if await self._open_connection().push(arrived):
                answer.close()
            elif not answer.complete:
                return False
        self._read_out = True
        return True

    async def aread(self) -> bytes:
        """The whole body."""
        return b"".join([piece async for piece in self])

    async def adrain(self) -> None:
        """Read the body to its end, for `DRAINING` seconds at most, and keep the connection."""
        with suppress(Exception):
            async with asyncio.timeout(DRAINING):
                async for _ in self:
                    pass
        await self.aclose()

    async def aclose(self) -> None:
        """Return the connection to the pool if the answer was read to its end; close it otherwise."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._read_out and self._answer.reusable:
            self._pool.keep(self._route, connection)
        else:
            connection.abort()
            await asyncio.sleep(0)  # abort() takes effect in the next iteration

    def _open_connection(self) -> Connection:
        if self._connection is None:
            raise ConnectionLostError("the answer was closed")
        return self._connection


async def apost(request: HttpRequest, timeout: float | None) -> AsyncNativeStream:  # noqa: ASYNC109
    """Send the request; return the answer once its headers have arrived."""
    route, target = route_to(request.url)
    data = to_bytes(request, route, target)
    pool = await pools.of_this_loop()
    with errors_at(request.url):
        async with asyncio.timeout(timeout):
            connection = pool.take(route) or await _connect(route, timeout)
            answer = AsyncNativeStream(pool, route, connection)
            try:
                await answer.begin(data)
            except BaseException:
                await answer.aclose()
                raise
    return answer


async def _connect(route: Route, timeout: float | None) -> Connection:  # noqa: ASYNC109
    context = None
    if route.secure:
        context = tls_context() if tls_context_ready() else await asyncio.to_thread(tls_context)
    via = route.proxy or route
    loop = asyncio.get_running_loop()
    # Event loops other than asyncio's (such as uvloop) do not support happy eyeballs.
    options: dict[str, Any] = (
        {"happy_eyeballs_delay": 0.25} if isinstance(loop, asyncio.BaseEventLoop) else {}
    )
    if context is not None and route.proxy is None:
        options |= {"ssl": context, "server_hostname": route.host}
    async with asyncio.timeout(connect_limit(timeout)):
        _, connection = await loop.create_connection(Connection, via.host, via.port, **options)
        try:
            if context is not None and route.proxy is not None:
                await _tunnel(connection, route)
                tls = await loop.start_tls(
                    connection.transport, connection, context, server_hostname=route.host
                )
                connection.transport = cast("asyncio.Transport", tls)
        except BaseException:
            connection.abort()
            raise
    return connection


async def _tunnel(connection: Connection, route: Route) -> None:
    connection.transport.write(connect_to(route))
    answer = Answer(tunnel=True)
    await _read_head(connection, answer)
    check_tunnel(answer)


async def _read_head(connection: Connection, answer: Answer) -> bytes:
    """Read until the headers are complete; return what arrived of the body with them."""
    body = b""
    while not answer.has_head:
        data = await connection.receive()
        if data:
            body = answer.feed(data)
        else:
            answer.close()
    return body
