"""Responses of httpx, and of its fork httpx2, as byte streams; neither is imported here."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from typing import Any

from modelstream.call.timeouts import watchdog

DRAINING = 0.1
"""Seconds to wait for the end of the body once the answer is complete."""


class HttpxStream:
    """A streamed `httpx.Response` (or `httpx2.Response`) of a sync client."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers
        _forget_read_timeout(response)

    def __iter__(self) -> Iterator[bytes]:
        # Without iter_bytes(), which would only pass them on.
        plain = "content-encoding" not in self.headers
        pieces: Iterator[bytes] = iter(self._response.stream) if plain else self._response.iter_bytes()
        self._pieces = pieces
        return pieces

    def read(self) -> bytes:
        """The whole body."""
        return bytes(self._response.read())

    def drain(self) -> None:
        """Read the body to its end, so that the connection can be used again.

        Mostly the end has arrived already. A server that has not sent it within `DRAINING` seconds loses the
        connection.
        """
        deadline = time.monotonic() + DRAINING

        def check() -> float | None:
            if self._response.is_closed:
                return None
            if time.monotonic() < deadline:
                return deadline
            self.abort()
            return None

        watchdog().watch(check)
        with suppress(Exception):
            for _ in self._pieces:
                pass

    def close(self) -> None:
        """Close the response, and its connection unless the body was read to its end."""
        self._response.close()

    def abort(self) -> None:
        """Shut the socket down, which wakes a reader that blocks in another thread.

        Closing the response would not wake the reader: on Linux a `recv` in progress survives the close of
        its descriptor.
        """
        if self._response.is_closed:
            return  # its connection may serve another call by now
        with suppress(Exception):
            raw = self._response.extensions["network_stream"].get_extra_info("socket")
            # The plain socket's method: SSLSocket.shutdown would first tear down the TLS state that the
            # reader uses.
            socket.socket.shutdown(raw, socket.SHUT_RDWR)


class AsyncHttpxStream:
    """A streamed `httpx.Response` (or `httpx2.Response`) of an async client."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers
        _forget_read_timeout(response)

    def __aiter__(self) -> AsyncIterator[bytes]:
        plain = "content-encoding" not in self.headers
        pieces: AsyncIterator[bytes] = aiter(self._response.stream) if plain else self._response.aiter_bytes()
        self._pieces = pieces
        return pieces

    async def aread(self) -> bytes:
        """The whole body."""
        return bytes(await self._response.aread())

    async def adrain(self) -> None:
        """Read the body to its end, for `DRAINING` seconds at most."""
        from asyncio import timeout

        with suppress(Exception):
            async with timeout(DRAINING):
                async for _ in self._pieces:
                    pass

    async def aclose(self) -> None:
        """Close the response."""
        await self._response.aclose()


def _forget_read_timeout(response: Any) -> None:
    # The client's read timeout is meant for the headers. From here on the call's own timeouts apply, which
    # distinguish a silent provider from a slow reader.
    with suppress(Exception):
        response.request.extensions["timeout"]["read"] = None
