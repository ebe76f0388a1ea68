"""An async-only wrapper, called from sync code: its task runs in an event loop of the core."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from modelstream.call.task import TaskCall
from modelstream.per_process import per_process

if TYPE_CHECKING:
    from modelstream.call.base import Source
    from modelstream.call.transcript import Transcript
    from modelstream.errors import StreamError
    from modelstream.request import Request


class LoopThread:
    """One event loop in a daemon thread, for all async-only wrappers: connections belong to one loop."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        threading.Thread(target=self._run, name="modelstream-loop", daemon=True).start()

    def _run(self) -> None:
        # This frame keeps the tasks alive at the end of the program; else asyncio would warn about them.
        self.loop.run_forever()

    def start(self, call: TaskCall) -> None:
        """Schedule the call's task; it starts after this returns."""
        self.loop.call_soon_threadsafe(self._start, call)

    def _start(self, call: TaskCall) -> None:
        task = call.start()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


loop_thread = per_process(LoopThread)


class LoopCall:
    """A `TaskCall` in the shared event-loop thread, read from any other thread."""

    def __init__(self, wrapper: Source, request: Request) -> None:
        self._task_call = TaskCall(wrapper, request)
        self.transcript: Transcript = self._task_call.transcript
        self.config: Any = wrapper.config
        self.request = request

    def open(self) -> None:
        """Start the call; return once the provider has accepted it. Raises the error that ended it before."""
        transcript = self.transcript
        loop_thread().start(self._task_call)
        try:
            while not (transcript.opened or transcript.ended):
                transcript.wait(0, lambda: not transcript.opened)
        except BaseException:
            self.cancel()
            raise
        self._task_call.raise_early_error()

    def advance(self, seen: int) -> None:
        """Wait until the transcript holds more than `seen` deltas, or has ended."""
        transcript = self.transcript
        self._task_call.request_more(seen)
        try:
            while transcript.count <= seen and not transcript.ended:
                transcript.wait(seen, lambda: True)
        except BaseException:  # Ctrl-C while a delta is awaited
            self.cancel()
            raise

    def cancel(self, error: StreamError | None = None) -> None:
        """End the call now, from any thread; readers get `error`."""
        self._task_call.cancel(error)
