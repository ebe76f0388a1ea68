"""A connection of an event loop, which buffers what arrives or pushes it from the callback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import Any, cast

MAX_UNREAD = 256 * 1024
"""Bytes that are buffered before reading from the socket is paused."""


class Connection(asyncio.Protocol):
    """One connection. Buffers what arrives until `receive` is called, or pushes it to a callback at once."""

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
        """Store the transport."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Push the bytes to the callback of `push`, or buffer them."""
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
        if self._unread > MAX_UNREAD and not self._paused:
            self._paused = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Note that the server will send nothing more."""
        self.closed = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is closed, and why."""
        self.closed = True
        self._error = self._error or exc
        self._wake()

    async def push(self, take: Callable[[bytes], bool]) -> bool:
        """Call `take` with what arrives until it returns False. True if the server closes before that."""
        while self._pieces:
            if not take(await self.receive()):
                return False
        if not self.closed:
            # The transport calls back in the context in which it was created, which may be that of another
            # call.
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
        """Wait until something has arrived, and return all of it; b"" if the server closed the connection."""
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
        """Whether the connection is open and nothing has arrived since its last answer."""
        return not (self.closed or self._pieces or self.transport.is_closing())

    def abort(self) -> None:
        """Close at once; this takes effect in the event loop's next iteration."""
        if self.transport is not None:
            self.transport.abort()

    def _fail(self, error: Exception) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_exception(error)

    def _wake(self, *, more: bool = True) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(more)
