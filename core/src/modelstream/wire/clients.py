"""A wrapper's HTTP clients: one for all threads, and one for each event loop."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from modelstream.wire.setup import setup_errors

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

S = TypeVar("S")
A = TypeVar("A")


class _Kept(NamedTuple, Generic[A]):
    client: A
    closer: AsyncIterator[None]


class Clients(Generic[S, A]):
    """One client for all threads, and one for each event loop, created when they are first needed.

    `make` and `make_async` may be slow (they import an SDK or read certificates), so `make_async` is called
    in a thread and does not block the event loop. `close` and `aclose` close a client's connections.
    Connections are kept from call to call.
    """

    def __init__(
        self,
        make: Callable[[], S],
        make_async: Callable[[], A],
        close: Callable[[S], object],
        aclose: Callable[[A], Awaitable[object]],
    ) -> None:
        self._make = make
        self._make_async = make_async
        self._close = close
        self._aclose = aclose
        self._lock = threading.Lock()
        self._client: S | None = None
        self._of_loops: WeakKeyDictionary[AbstractEventLoop, _Kept[A]] = WeakKeyDictionary()

    def client(self) -> S:
        """The client for blocking code."""
        with self._lock:
            if self._client is None:
                with setup_errors():
                    self._client = self._make()
            return self._client

    async def of_this_loop(self) -> A:
        """The client for coroutines of the running event loop; it is closed when the loop shuts down."""
        import asyncio

        loop = asyncio.get_running_loop()
        kept = self._of_loops.get(loop)
        if kept is None:
            client = await asyncio.to_thread(self._create_async)
            kept = self._of_loops.get(loop)
            if kept is None:
                kept = _Kept(client, _closing(client, self._aclose))
                await anext(kept.closer)
                self._forget_closed_loops()
                self._of_loops[loop] = kept
        return kept.client

    def close(self) -> None:
        """Close the connections of threads; those of event loops are closed by their loops."""
        with self._lock:
            if self._client is not None:
                self._close(self._client)

    def _create_async(self) -> A:
        with self._lock, setup_errors():
            return self._make_async()

    def _forget_closed_loops(self) -> None:
        # Open connections refer to their loop, so the weak key alone would not free it.
        for loop in list(self._of_loops):
            if loop.is_closed():
                del self._of_loops[loop]


async def _closing(client: A, aclose: Callable[[A], Awaitable[object]]) -> AsyncIterator[None]:
    # An event loop closes all async generators before it closes itself, and schedules the closing of those
    # that are dropped. This is the only hook for closing connections that belong to the loop.
    try:
        yield
    finally:
        await aclose(client)
