"""A sync-only wrapper, read from coroutines: its call runs in a thread of its own."""

from __future__ import annotations

import contextvars
import threading
from typing import TYPE_CHECKING

from modelstream.errors import ConfigError
from modelstream.pump import AsyncReaders
from modelstream.upstream import Upstream

if TYPE_CHECKING:
    from modelstream.demand import Demand
    from modelstream.errors import StreamError
    from modelstream.request import Request
    from modelstream.transcript import Transcript
    from modelstream.wrapper import ModelWrapper


class ThreadedCall(AsyncReaders):
    """Pulls a wrapper's `deltas` in a daemon thread, for tasks that wait without blocking their loop."""

    def __init__(self, wrapper: ModelWrapper, request: Request) -> None:
        super().__init__()
        self._upstream = Upstream(wrapper, request)
        self._refused: list[ConfigError] = []
        self.transcript = self._upstream.transcript

    async def open(self) -> None:
        """Make the call; return once the provider has accepted it. Raises what ended it before that."""
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run,
            args=(_drain, self._upstream, self._demand, self._refused),
            name="modelstream-call",
            daemon=True,
        ).start()
        await self.advance(-1)
        if self._refused:
            raise self._refused[0]
        self._upstream.raise_early_error()

    def cancel(self, error: StreamError | None = None) -> None:
        """End the call now, from any thread."""
        self._upstream.cancel(error)
        self._demand.resume()

    async def aclose(self) -> None:
        """End the call now. The thread ends when the wrapper gives control back."""
        self.cancel()


def _drain(upstream: Upstream, demand: Demand, refused: list[ConfigError]) -> None:
    # A function and not a method: the thread must not keep alive what its readers hold.
    transcript = upstream.transcript
    try:
        upstream.open()
        while not transcript.ended:
            if demand.met(transcript.count):
                _until_asked(demand, transcript)
            else:
                upstream.advance(transcript.count)
    except ConfigError as error:
        refused.append(error)
        upstream.cancel()
    except Exception:  # noqa: BLE001, S110
        pass  # it is in the transcript, for whoever reads


def _until_asked(demand: Demand, transcript: Transcript) -> None:
    bell = threading.Lock()
    bell.acquire()
    # The end of the call resumes, too; it may have come before the pause.
    if demand.pause(bell.release, transcript.count) and not transcript.ended:
        bell.acquire()
