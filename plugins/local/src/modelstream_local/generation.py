"""One answer: the engine generates it in a thread, and a sync or async reader follows."""

from __future__ import annotations

import atexit
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from modelstream.errors import BadRequestError, ModelStreamError, ProviderError
from modelstream_local.chunks import deltas_of, plain

if TYPE_CHECKING:
    from modelstream.deltas import Delta
    from modelstream.request import Request
    from modelstream_local.engine import Engine

    Batch = list[str | Delta]

STOP_SECONDS = 30.0
"""Seconds that the program waits at its end for an answer to stop, which takes one token or one batch."""


class Generation:
    """One answer, from the engine's thread to one reader, which calls `read` or `aread`, once.

    `load` is called in the thread as well, so waiting for a model to load can be interrupted like waiting
    for a token. The thread ends within a token of `stop`, or within a batch of the prompt.
    """

    def __init__(self, load: Callable[[], Engine], body: Mapping[str, Any], request: Request) -> None:
        self._load = load
        self._body = body
        self._request = request
        self._deltas: deque[str | Delta] = deque()
        self._has_chunks = False
        self._over = False
        self._stopped = False
        self._error: Exception | None = None
        self._wake: Callable[[], object] = lambda: None
        self.thread = threading.Thread(target=self._run, name="modelstream-local", daemon=True)

    def read(self) -> Generator[Batch | None, None, None]:
        """Yield lists of new deltas; None while the prompt is read. Raises what ended the answer."""
        ready = threading.Event()
        self._start(ready.set)
        try:
            while True:
                ready.wait()
                ready.clear()
                if self._stopped:
                    return
                over = self._over
                batch = self._arrived()
                if batch or not over:
                    yield batch
                if over:
                    self._raise_error()
                    return
        finally:
            self.stop()

    async def aread(self) -> AsyncGenerator[Batch | None, None]:
        """The same for a coroutine."""
        import asyncio

        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        self._start(lambda: loop.call_soon_threadsafe(ready.set))
        try:
            while True:
                await ready.wait()
                ready.clear()
                if self._stopped:
                    return
                over = self._over
                batch = self._arrived()
                if batch or not over:
                    yield batch
                if over:
                    self._raise_error()
                    return
        finally:
            self.stop()

    def stop(self) -> None:
        """Make the engine end this answer, and wake the reader. Safe from any thread, and more than once."""
        self._stopped = True
        with suppress(RuntimeError):  # the reader's event loop is closed already
            self._wake()

    def _start(self, wake: Callable[[], object]) -> None:
        self._wake = wake
        _running.add(self)
        self._request.on_cancel(self.stop)
        self.thread.start()

    def _arrived(self) -> Batch | None:
        batch = [self._deltas.popleft() for _ in range(len(self._deltas))]
        return batch or None

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    # What follows runs in the engine's thread.

    def _run(self) -> None:
        try:
            engine = self._load()
            if not self._stopped:
                engine.complete(self._body, self._on_chunk)
        except ModelStreamError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001
            self._error = self._refusal(error)
        finally:
            self._over = True
            _running.discard(self)
            with suppress(RuntimeError):
                self._wake()

    def _on_chunk(self, chunk: dict[str, Any]) -> bool:
        """Handle a chunk; True stops the engine, which ignores exceptions raised here."""
        if self._stopped:
            return True
        try:
            self._has_chunks = True
            if self._request.raw_chunks is not None:
                self._request.raw_chunks.append(chunk)
            self._deltas.extend(deltas_of(chunk))
            self._wake()
        except Exception as error:  # noqa: BLE001
            self._error = error
            return True
        return False

    def _refusal(self, error: Exception) -> ModelStreamError:
        # What the engine raises before its first chunk is about the request.
        kind = ProviderError if self._has_chunks else BadRequestError
        refusal = kind(f"the engine did not accept the request: {plain(error)}")
        refusal.__cause__ = error
        return refusal


_running: set[Generation] = set()


@atexit.register
def _stop_all() -> None:
    # A thread that returns from the engine after the interpreter has gone would abort the process.
    running = list(_running)
    for generation in running:
        generation.stop()
    for generation in running:
        generation.thread.join(STOP_SECONDS)
