"""Responses of httpx, and of its fork httpx2, as byte streams; neither is imported here."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from typing import Any

from modelstream.call.timeouts import watchdog
from modelstream.errors import MalformedDataError
from modelstream.wire.decompression import Decode, decoder

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
        self._pieces = self._decoded()
        return self._pieces

    def _decoded(self) -> Iterator[bytes]:
        encoding = self.headers.get("content-encoding")
        if encoding is None:
            # Without iter_bytes(), which would only pass them on.
            return iter(self._response.stream)
        if not _is_ours(encoding):
            pieces: Iterator[bytes] = self._response.iter_bytes()
            return pieces
        # httpx reads only the first member of a gzip body.
        decode = decoder(encoding)
        raw = iter(self._response.stream)
        return raw if decode is None else map(decode, raw)

    def read(self) -> bytes:
        """The whole body."""
        encoding = self.headers.get("content-encoding")
        if self._response.is_stream_consumed or encoding is None or not _is_ours(encoding):
            return bytes(self._response.read())
        return b"".join(self)

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
        self._pieces = self._decoded()
        return self._pieces

    def _decoded(self) -> AsyncIterator[bytes]:
        encoding = self.headers.get("content-encoding")
        if encoding is None:
            return aiter(self._response.stream)
        if not _is_ours(encoding):
            pieces: AsyncIterator[bytes] = self._response.aiter_bytes()
            return pieces
        decode = decoder(encoding)
        raw = aiter(self._response.stream)
        return raw if decode is None else _amap(decode, raw)

    async def aread(self) -> bytes:
        """The whole body."""
        encoding = self.headers.get("content-encoding")
        if self._response.is_stream_consumed or encoding is None or not _is_ours(encoding):
            return bytes(await self._response.aread())
        return b"".join([piece async for piece in self])

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


def _is_ours(encoding: str) -> bool:
    """Whether the core decodes this encoding; httpx has packages for others."""
    try:
        decoder(encoding)
    except MalformedDataError:
        return False
    return True


async def _amap(decode: Decode, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for piece in pieces:
        yield decode(piece)


def _forget_read_timeout(response: Any) -> None:
    # The client's read timeout is meant for the headers. From here on the call's own timeouts apply, which
    # distinguish a silent provider from a slow reader.
    with suppress(Exception):
        response.request.extensions["timeout"]["read"] = None
