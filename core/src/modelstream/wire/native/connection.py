"""A connection of an event loop: what arrives waits for its reader, or is handed on in the callback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import Any, cast

MOST_UNREAD = 256 * 1024
"""Bytes that wait for their reader before the server is made to wait."""


class Connection(asyncio.Protocol):
    """One connection: gathers what arrives until it is received, all at once, or pushes it on as it comes."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport = cast("asyncio.Transport", None)
        self.since = 0.0
        self.closed = False
        self._pieces: list[bytes] = []
        self._unread = 0
        self._paused = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[bool] | None = None
        self._take: Callable[[bytes], bool] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if self._take is not None:
            try:
                if self._take(data):
                    return
                self._wake(more=False)
            except Exception as error:  # noqa: BLE001
                self._fail(error)
            self._take = None
            return
        self._pieces.append(data)
        self._unread += len(data)
        if self._unread > MOST_UNREAD and not self._paused:
            self._paused = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """The server will send nothing more."""
        self.closed = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self.closed = True
        self._error = self._error or exc
        self._wake()

    async def push(self, take: Callable[[bytes], bool]) -> bool:
        """Call `take` with what arrives until it returns False; True: the server closed the connection."""
        while self._pieces:
            if not take(await self.receive()):
                return False
        if not self.closed:
            # The transport calls in a context of its own, which may be that of another call.
            self._take = partial(cast("Any", copy_context().run), take)
            self._reader = asyncio.get_running_loop().create_future()
            try:
                if not await self._reader:
                    return False
            finally:
                self._take = None
        if self._error is not None:
            raise self._error
        return True

    async def receive(self) -> bytes:
        """All that has arrived; waits for the first of it. Nothing: the server closed the connection."""
        while not self._pieces:
            if self._error is not None:
                raise self._error
            if self.closed:
                return b""
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        pieces, self._pieces, self._unread = self._pieces, [], 0
        if self._paused:
            self._paused = False
            self.transport.resume_reading()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    @property
    def idle(self) -> bool:
        """Whether nothing came since its last answer."""
        return not (self.closed or self._pieces or self.transport.is_closing())

    def abort(self) -> None:
        """Close at once; it takes effect in the loop's next turn."""
        if self.transport is not None:
            self.transport.abort()

    def _fail(self, error: Exception) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_exception(error)

    def _wake(self, *, more: bool = True) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(more)
