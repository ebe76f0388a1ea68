"""Answers that an event loop waits for, and the pools that keep their connections."""

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
from modelstream.wire.native.failures import check_tunnel, told
from modelstream.wire.native.message import HttpRequest, connect_to, to_bytes
from modelstream.wire.native.parsing import Answer
from modelstream.wire.native.route import Route, route_to
from modelstream.wire.native.threads import DRAINING, KEPT_FOR, MOST_KEPT, readable
from modelstream.wire.native.tls import is_made, tls_context


class LoopPool:
    """Idle connections of one event loop, by route."""

    def __init__(self) -> None:
        self._idle: dict[Route, list[Connection]] = {}

    def take(self, route: Route) -> Connection | None:
        """A connection that the server has not closed meanwhile, the one used last."""
        idle = self._idle.get(route)
        while idle:
            connection = idle.pop()
            fresh = connection.idle and time.monotonic() - connection.since < KEPT_FOR
            # Asked of the system, too: the loop may not have run since the server closed it.
            if fresh and not readable(connection.transport.get_extra_info("socket")):
                return connection
            connection.abort()
        return None

    def keep(self, route: Route, connection: Connection) -> None:
        """Keep the connection for the next call."""
        connection.since = now = time.monotonic()
        idle = [*self._idle.get(route, ()), connection]
        fresh = [one for one in idle[-MOST_KEPT:] if one.idle and now - one.since < KEPT_FOR]
        for one in idle:
            if one not in fresh:
                one.abort()
        self._idle[route] = fresh

    async def close(self) -> None:
        """Close all that is idle."""
        idle, self._idle = self._idle, {}
        for connections in idle.values():
            for connection in connections:
                connection.abort()
        await asyncio.sleep(0)


pools: Clients[None, LoopPool] = Clients(
    lambda: None, LoopPool, close=lambda _: None, aclose=lambda pool: pool.close()
)


class AsyncNativeStream:
    """An HTTP answer read by a coroutine; an `AsyncByteStream` and a `PushedStream` once it has begun."""

    def __init__(self, pool: LoopPool, route: Route, connection: Connection) -> None:
        self._pool = pool
        self._route = route
        self._connection: Connection | None = connection
        self._answer = Answer()
        self._ahead = b""
        self._read_out = False
        self.status = 0
        self.headers: Mapping[str, str] = {}

    async def begin(self, sent: bytes) -> None:
        """Send the request and wait for the headers."""
        connection = self._taken()
        connection.transport.write(sent)
        self._ahead = await _read_head(connection, self._answer)
        self.status, self.headers = self._answer.status, self._answer.headers

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The body, read by read."""
        return self

    async def __anext__(self) -> bytes:
        """What has arrived of the body."""
        answer = self._answer
        piece, self._ahead = self._ahead, b""
        while not piece:
            if answer.complete:
                self._read_out = True
                raise StopAsyncIteration
            data = await self._taken().receive()
            if data:
                piece = answer.feed(data)
            else:
                answer.close()
        return piece

    async def apush(self, take: Callable[[bytes], bool]) -> bool:
        """Call `take` with each piece of the body as it arrives; False: it had enough before the end."""
        answer = self._answer
        piece, self._ahead = self._ahead, b""
        if piece and not take(piece):
            return False

        def arrived(data: bytes) -> bool:
            piece = answer.feed(data)
            return (not piece or take(piece)) and not answer.complete

        while not answer.complete:
            if await self._taken().push(arrived):
                answer.close()
            elif not answer.complete:
                return False
        self._read_out = True
        return True

    async def aread(self) -> bytes:
        """The whole body."""
        return b"".join([piece async for piece in self])

    async def adrain(self) -> None:
        """Read the end of the body, for `DRAINING` seconds at most, and keep the connection."""
        with suppress(Exception):
            async with asyncio.timeout(DRAINING):
                async for _ in self:
                    pass
        await self.aclose()

    async def aclose(self) -> None:
        """Let go of the connection: it is kept if its answer was read to the end, and else closed."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._read_out and self._answer.reusable:
            self._pool.keep(self._route, connection)
        else:
            connection.abort()
            await asyncio.sleep(0)  # the turn in which it is closed

    def _taken(self) -> Connection:
        if self._connection is None:
            raise ConnectionLostError("the answer was closed")
        return self._connection


async def apost(request: HttpRequest, timeout: float | None) -> AsyncNativeStream:  # noqa: ASYNC109
    """Send the request; its answer once the headers are there."""
    route, target = route_to(request.url)
    sent = to_bytes(request, route, target)
    pool = await pools.of_this_loop()
    with told(request.url):
        async with asyncio.timeout(timeout):
            connection = pool.take(route) or await _connected(route, timeout)
            answer = AsyncNativeStream(pool, route, connection)
            try:
                await answer.begin(sent)
            except BaseException:
                await answer.aclose()
                raise
    return answer


async def _connected(route: Route, timeout: float | None) -> Connection:  # noqa: ASYNC109
    context = None
    if route.secure:
        context = tls_context() if is_made() else await asyncio.to_thread(tls_context)
    via = route.proxy or route
    loop = asyncio.get_running_loop()
    # Other loops than Python's own (uvloop's) try the addresses of a name one after the other.
    ways: dict[str, Any] = {"happy_eyeballs_delay": 0.25} if isinstance(loop, asyncio.BaseEventLoop) else {}
    if context is not None and route.proxy is None:
        ways |= {"ssl": context, "server_hostname": route.host}
    async with asyncio.timeout(connect_limit(timeout)):
        _, connection = await loop.create_connection(Connection, via.host, via.port, **ways)
        try:
            if context is not None and route.proxy is not None:
                await _tunnel(connection, route)
                through = await loop.start_tls(
                    connection.transport, connection, context, server_hostname=route.host
                )
                connection.transport = cast("asyncio.Transport", through)
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
    """Read until the headers are there; what of the body came along."""
    body = b""
    while not answer.has_head:
        data = await connection.receive()
        if data:
            body = answer.feed(data)
        else:
            answer.close()
    return body
