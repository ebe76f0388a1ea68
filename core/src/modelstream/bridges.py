"""Sync callers of async wrappers, and async callers of sync ones: which way a call is run."""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING, Any

from modelstream.upstream import Upstream
from modelstream.wrapper import ModelWrapper

if TYPE_CHECKING:
    import asyncio

    from modelstream.errors import StreamError
    from modelstream.request import Request


def sync_call(wrapper: ModelWrapper, request: Request) -> Upstream | LoopedCall:
    """How a sync caller reaches `wrapper`: directly, or through an event loop if it is async only."""
    if _offers(wrapper, "deltas"):
        return Upstream(wrapper, request)
    _must_offer(wrapper, "adeltas")
    return LoopedCall(wrapper, request)


def async_call(wrapper: ModelWrapper, request: Request) -> Any:
    """How a coroutine reaches `wrapper`: directly, or through a thread if it is sync only."""
    # Here and not at the top: sync programs never load asyncio, which costs more than the core itself.
    from modelstream.pump import Pump
    from modelstream.threaded import ThreadedCall

    if _offers(wrapper, "adeltas"):
        return Pump(wrapper, request)
    _must_offer(wrapper, "deltas")
    return ThreadedCall(wrapper, request)


def _offers(wrapper: ModelWrapper, method: str) -> bool:
    return getattr(type(wrapper), method) is not getattr(ModelWrapper, method)


def _must_offer(wrapper: ModelWrapper, method: str) -> None:
    if not _offers(wrapper, method):
        raise TypeError(
            f"{type(wrapper).__name__} has neither a deltas nor an adeltas method: write one of them"
        )


class LoopedCall:
    """An async-only wrapper's call, run in the wrapper's own event-loop thread and read from others."""

    def __init__(self, wrapper: ModelWrapper, request: Request) -> None:
        from modelstream.pump import Pump

        self._pump = Pump(wrapper, request)
        self._loop, self._running = _loop_of(wrapper)
        self.transcript = self._pump.transcript

    def open(self) -> None:
        """Make the call; return once the provider has accepted it. Raises what ended it before that."""
        transcript = self.transcript
        self._loop.call_soon_threadsafe(self._start)
        try:
            while not (transcript.opened or transcript.ended):
                transcript.wait(0, lambda: not transcript.opened)
        except BaseException:
            self.cancel()
            raise
        self._pump.raise_early_error()

    def _start(self) -> None:
        task = self._pump.start()
        if task is not None:
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    def advance(self, seen: int) -> None:
        """Wait until the transcript holds more than `seen` deltas, or has ended."""
        transcript = self.transcript
        self._pump.ask(seen)
        try:
            while transcript.count <= seen and not transcript.ended:
                transcript.wait(seen, lambda: True)
        except BaseException:  # Ctrl-C while a delta is awaited
            self.cancel()
            raise

    def cancel(self, error: StreamError | None = None) -> None:
        """End the call now, from any thread."""
        self._pump.cancel(error)


if TYPE_CHECKING:
    _Tasks = set[asyncio.Task[None]]
_loops: weakref.WeakKeyDictionary[ModelWrapper, tuple[asyncio.AbstractEventLoop, _Tasks]] = (
    weakref.WeakKeyDictionary()
)
_loops_lock = threading.Lock()


def _forget_loops() -> None:
    global _loops, _loops_lock
    _loops, _loops_lock = weakref.WeakKeyDictionary(), threading.Lock()


if hasattr(os, "register_at_fork"):  # which takes the loops along, but not the threads that ran them
    os.register_at_fork(after_in_child=_forget_loops)


def _loop_of(wrapper: ModelWrapper) -> tuple[asyncio.AbstractEventLoop, _Tasks]:
    """The wrapper's event loop, in a daemon thread that ends with the wrapper, and the tasks that run there.

    One for each wrapper: what blocks in one plugin's loop must not stop another's, and connection pools of
    async SDKs belong to one loop.
    """
    import asyncio

    with _loops_lock:
        found = _loops.get(wrapper)
        if found is None:
            loop = asyncio.new_event_loop()
            found = _loops[wrapper] = (loop, set())
            name = f"modelstream-{wrapper.config.model_type}"
            threading.Thread(target=_run_loop, args=found, name=name, daemon=True).start()
            # Not at exit: the process takes the connections along, and quietly.
            weakref.finalize(wrapper, _stop_loop, loop).atexit = False
        return found


def _run_loop(loop: asyncio.AbstractEventLoop, running: _Tasks) -> None:  # noqa: ARG001
    # `running` is an argument so that this frame holds it: a task that the exit of the program leaves
    # behind would be destroyed otherwise, and asyncio complain about it.
    import asyncio

    # The runner ends what is still running there when the loop is stopped.
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.get_loop().run_forever()


def _stop_loop(loop: asyncio.AbstractEventLoop) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(loop.stop)
