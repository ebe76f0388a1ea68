"""Answers read in a thread, and the pool that keeps their connections."""

from __future__ import annotations

import atexit
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from modelstream.call.timeouts import watchdog
from modelstream.errors import ConnectionLostError
from modelstream.per_process import per_process
from modelstream.wire.limits import connect_limit
from modelstream.wire.native.failures import check_tunnel, errors_at
from modelstream.wire.native.message import HttpRequest, connect_to, to_bytes
from modelstream.wire.native.parsing import Answer
from modelstream.wire.native.route import Route, route_to
from modelstream.wire.native.tls import tls_context

READ_SIZE = 64 * 1024
IDLE_TIMEOUT = 30.0
"""Seconds for which an idle connection is kept: most servers close theirs after 60 or more."""

MAX_IDLE = 64
"""The maximum number of idle connections to one server."""

DRAINING = 0.1
"""Seconds to wait for the end of the body once the answer is complete."""


class Pool:
    """Idle connections of this process, by route."""

    def __init__(self) -> None:
        self._idle: dict[Route, list[tuple[float, socket.socket]]] = {}
        self._lock = threading.Lock()

    def take(self, route: Route) -> socket.socket | None:
        """The most recently used idle connection that the server has not closed; None if there is none."""
        while True:
            with self._lock:
                idle = self._idle.get(route)
                if not idle:
                    return None
                since, connection = idle.pop()
            if time.monotonic() - since < IDLE_TIMEOUT and not readable(connection):
                return connection
            connection.close()

    def keep(self, route: Route, connection: socket.socket) -> None:
        """Keep the connection for a later call."""
        now = time.monotonic()
        with self._lock:
            idle = self._idle.setdefault(route, [])
            idle.append((now, connection))
            fresh = [one for one in idle[-MAX_IDLE:] if now - one[0] < IDLE_TIMEOUT]
            stale = [one for one in idle if one not in fresh]
            idle[:] = fresh
        for _, old in stale:
            old.close()

    def close(self) -> None:
        """Close all idle connections."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for connections in idle.values():
            for _, connection in connections:
                connection.close()


pool = per_process(Pool)


@atexit.register
def _close_pool() -> None:
    if pool.current is not None:
        pool.current.close()


class NativeStream:
    """An HTTP answer read by a thread: a `ByteStream`, after `begin`."""

    def __init__(self, route: Route, connection: socket.socket) -> None:
        self._route = route
        self._connection: socket.socket | None = connection
        self._closing = threading.RLock()
        self._answer = Answer()
        self._ahead = b""
        self._read_out = False
        self.status = 0
        self.headers: Mapping[str, str] = {}

    def begin(self, data: bytes, deadline: float | None) -> None:
        """Send the request and wait for the headers."""
        connection = self._open_connection()
        connection.settimeout(_seconds_until(deadline))
        connection.sendall(data)
        self._ahead = _read_head(connection, self._answer, deadline)
        # From here on the call's own timeouts apply.
        connection.settimeout(None)
        self.status, self.headers = self._answer.status, self._answer.headers

    def __iter__(self) -> Iterator[bytes]:
        """The body in pieces as they arrive."""
        answer = self._answer
        if self._ahead:
            ahead, self._ahead = self._ahead, b""
            yield ahead
        while not answer.complete:
            data = self._open_connection().recv(READ_SIZE)
            if data:
                if piece := answer.feed(data):
                    yield piece
            else:
                answer.close()
        self._read_out = True

    def read(self) -> bytes:
        """The whole body."""
        return b"".join(self)

    def drain(self) -> None:
        """Read the body to its end, for `DRAINING` seconds at most, and keep the connection."""
        deadline = time.monotonic() + DRAINING

        def check() -> float | None:
            if self._connection is None:
                return None
            if time.monotonic() < deadline:
                return deadline
            self.abort()
            return None

        if not self._answer.complete:
            watchdog().watch(check)
        with suppress(Exception):
            for _ in self:
                pass
        self.close()

    def close(self) -> None:
        """Return the connection to the pool if the answer was read to its end; close it otherwise."""
        with self._closing:
            connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._read_out and self._answer.reusable:
            pool().keep(self._route, connection)
        else:
            connection.close()

    def abort(self) -> None:
        """Shut the connection down, which wakes a thread that reads from it."""
        with self._closing, suppress(OSError):
            if self._connection is not None:
                # The plain socket's method: SSLSocket.shutdown would first tear down the TLS state that the
                # reader uses.
                socket.socket.shutdown(self._connection, socket.SHUT_RDWR)

    def _open_connection(self) -> socket.socket:
        connection = self._connection
        if connection is None:
            raise ConnectionLostError("the answer was closed")
        return connection


def post(
    request: HttpRequest,
    timeout: float | None,
    on_cancel: Callable[[Callable[[], None]], None] | None = None,
) -> NativeStream:
    """Send the request; return the answer once its headers have arrived."""
    deadline = None if timeout is None else time.monotonic() + timeout
    route, target = route_to(request.url)
    data = to_bytes(request, route, target)
    with errors_at(request.url):
        connection = pool().take(route) or _connect(route, timeout, deadline)
        answer = NativeStream(route, connection)
        try:
            if on_cancel is not None:
                on_cancel(answer.abort)
            answer.begin(data, deadline)
        except BaseException:
            answer.close()
            raise
    return answer


def _connect(route: Route, timeout: float | None, deadline: float | None) -> socket.socket:
    via = route.proxy or route
    limit = connect_limit(timeout)
    connection = socket.create_connection((via.host, via.port), limit)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not route.secure:
            return connection
        if route.proxy is not None:
            connection.sendall(connect_to(route))
            tunnel = Answer(tunnel=True)
            _read_head(connection, tunnel, deadline)
            check_tunnel(tunnel)
            connection.settimeout(limit)
        return tls_context().wrap_socket(connection, server_hostname=route.host)
    except BaseException:
        connection.close()
        raise


def _read_head(connection: socket.socket, answer: Answer, deadline: float | None) -> bytes:
    """Read until the headers are complete; return what arrived of the body with them."""
    body = b""
    while not answer.has_head:
        connection.settimeout(_seconds_until(deadline))
        data = connection.recv(READ_SIZE)
        if data:
            body = answer.feed(data)
        else:
            answer.close()
    return body


def _seconds_until(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no headers in time")
    return left


def readable(connection: socket.socket) -> bool:
    """Whether a read would return at once; for an idle connection this means that it was closed."""
    if not hasattr(select, "poll"):
        return bool(select.select([connection], [], [], 0)[0])
    poll = select.poll()  # select() fails for descriptors from 1024 on
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
