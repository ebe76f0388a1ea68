"""Answers of httpx, and of its fork httpx2, as byte streams; neither is imported here."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from typing import Any

from modelstream.call.timeouts import watchdog

DRAINING = 0.1
"""Seconds that a complete answer is given to end as HTTP wants it."""


class HttpxStream:
    """A streamed `httpx.Response` (or `httpx2.Response`), read in a thread."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers
        _forget_read_timeout(response)

    def __iter__(self) -> Iterator[bytes]:
        # Below iter_bytes(), which would only pass them on.
        plain = "content-encoding" not in self.headers
        pieces: Iterator[bytes] = iter(self._response.stream) if plain else self._response.iter_bytes()
        self._pieces = pieces
        return pieces

    def read(self) -> bytes:
        """The whole body."""
        return bytes(self._response.read())

    def drain(self) -> None:
        """Read the end of a body that is complete, so that its connection can serve the next call.

        The end has mostly come along. A server that keeps it back is given `DRAINING` seconds and no more.
        """
        ends = time.monotonic() + DRAINING

        def check() -> float | None:
            if self._response.is_closed:
                return None
            if time.monotonic() < ends:
                return ends
            self.abort()
            return None

        watchdog().watch(check)
        with suppress(Exception):
            for _ in self._pieces:
                pass

    def close(self) -> None:
        """Close the response; its connection is closed too unless the body was read to its end."""
        self._response.close()

    def abort(self) -> None:
        """Shut the socket down under a reader that blocks.

        Closing the response from another thread would not wake the reader: on Linux a `recv` in progress
        outlives the close of its descriptor.
        """
        if self._response.is_closed:
            return  # its connection may serve another call by now
        with suppress(Exception):
            raw = self._response.extensions["network_stream"].get_extra_info("socket")
            # The plain socket's method: the SSL one would first tear down what the reader is using.
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
        """Read the end of a body that is complete, for `DRAINING` seconds at most."""
        from asyncio import timeout

        with suppress(Exception):
            async with timeout(DRAINING):
                async for _ in self._pieces:
                    pass

    async def aclose(self) -> None:
        """Close the response."""
        await self._response.aclose()


def _forget_read_timeout(response: Any) -> None:
    # The client's read timeout is made for the headers. From here on the call's own clocks watch, and they
    # know the difference between a silent provider and a reader that takes its time.
    with suppress(Exception):
        response.request.extensions["timeout"]["read"] = None
