"""A sync-only wrapper, called from coroutines: each call runs in its own thread."""

from __future__ import annotations

import contextvars
import threading
from typing import TYPE_CHECKING, Any

from modelstream.call.pulled import PulledCall
from modelstream.call.waiters import AsyncReaders
from modelstream.errors import ConfigError

if TYPE_CHECKING:
    from modelstream.call.backpressure import Backpressure
    from modelstream.call.base import Source
    from modelstream.call.transcript import Transcript
    from modelstream.errors import StreamError
    from modelstream.request import Request


class ThreadCall(AsyncReaders):
    """A `PulledCall` that a daemon thread pulls, so that tasks can wait without blocking their loop."""

    def __init__(self, wrapper: Source, request: Request) -> None:
        super().__init__()
        self._pulled_call = PulledCall(wrapper, request)
        self._config_errors: list[ConfigError] = []
        self.transcript = self._pulled_call.transcript
        self.config: Any = wrapper.config
        self.request = request

    async def open(self) -> None:
        """Start the call; return once the provider has accepted it. Raises the error that ended it before."""
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run,
            args=(_drain, self._pulled_call, self._backpressure, self._config_errors),
            name="modelstream-call",
            daemon=True,
        ).start()
        await self.advance(-1)
        if self._config_errors:
            raise self._config_errors[0]
        self._pulled_call.raise_early_error()

    def cancel(self, error: StreamError | None = None) -> None:
        """End the call now, from any thread; readers get `error`."""
        self._pulled_call.cancel(error)
        self._backpressure.resume()

    async def aclose(self) -> None:
        """End the call now. The thread ends when the wrapper returns control."""
        self.cancel()


def _drain(call: PulledCall, backpressure: Backpressure, config_errors: list[ConfigError]) -> None:
    # A function, not a method: the thread must not keep the readers' objects alive.
    transcript = call.transcript
    try:
        call.open()
        while not transcript.ended:
            if backpressure.far_ahead(transcript.count):
                _wait_for_readers(backpressure, transcript)
            else:
                call.advance(transcript.count)
    except ConfigError as error:
        config_errors.append(error)
        call.cancel()
    except Exception:  # noqa: BLE001, S110
        pass  # the transcript has it, for the readers


def _wait_for_readers(backpressure: Backpressure, transcript: Transcript) -> None:
    wanted = threading.Lock()
    wanted.acquire()
    # The end of the call also resumes; it may have come before the pause.
    if backpressure.pause(wanted.release, transcript.count) and not transcript.ended:
        wanted.acquire()
