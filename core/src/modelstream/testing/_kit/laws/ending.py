"""Laws about calls that nobody wants to go on: the provider knows at once, and nothing is left behind."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from traceback import walk_stack
from types import CodeType
from typing import TYPE_CHECKING, Any

from modelstream.deltas import TextDelta
from modelstream.errors import StreamCancelledError
from modelstream.testing._kit.bench import PROMPT, typed
from modelstream.testing._kit.heard import complete
from modelstream.testing._kit.law import Laws, must, same
from modelstream.testing._kit.leaks import Census
from modelstream.testing._kit.script import Script
from modelstream.testing._kit.sheet import SILENCE
from modelstream.testing._kit.take import Fault, PatientGate, Take
from modelstream.testing._kit.ticker import Ticker

if TYPE_CHECKING:
    from modelstream.testing._kit.bench import Bench

_laws = Laws()
laws = _laws.laws
law = _laws.law

HELLO = Script([TextDelta("Hel"), TextDelta("lo")])
HALTED = Take(HELLO, 1, Fault.SILENCE)
"""Says its first delta, and then nothing more."""

MOMENTS = 5
"""Looks that must find the main thread waiting before Ctrl-C is pressed."""


def _begun(bench: Bench) -> tuple[Any, Any]:
    """A response that would go on, and a reader that has its first snapshot."""
    response = bench.response(HALTED)
    reader = response.stream
    bench.way.next(reader)
    return response, reader


def _must_let_go(bench: Bench, after: str) -> None:
    must(bench.stage.let_go(PROMPT), f"{PROMPT:g} s after {after} the provider still writes")


def _must_end(bench: Bench, end: Callable[[], None], name: str) -> None:
    """`end` ends the call at the provider, and does not wait for the provider to end it."""
    began = time.monotonic()
    end()
    took = time.monotonic() - began
    _must_let_go(bench, name)
    must(took < SILENCE / 2, f"{name} took {took:.1f} s, and waited for the provider")


@law(examples=0)
def close_reaches_the_provider(bench: Bench) -> None:
    """`close()` ends the call at the provider at once, and readers get a `StreamCancelledError`."""
    response, reader = _begun(bench)
    _must_end(bench, lambda: bench.way.close(response), "close()")
    try:
        bench.way.next(reader)
    except Exception as error:  # noqa: BLE001
        same(typed(error, StreamCancelledError).partial_text, "Hel", "partial_text")
    else:
        must(False, "a reader of a closed response got more")  # noqa: FBT003
    same(response.partial_text, "Hel", "the response's partial_text")


@law(examples=0)
def close_before_reading(bench: Bench) -> None:
    """`close()` before anybody has read ends the call, too; and a second `close()` does nothing."""
    response = bench.response(HALTED)
    _must_end(bench, lambda: bench.way.close(response), "close()")
    bench.way.close(response)


@law(examples=0)
def close_after_the_end(bench: Bench) -> None:
    """Closing an answer that has ended leaves the next one alone, which may have its connection."""
    first = bench.response(Take(HELLO))
    same(bench.way.text(first), HELLO.text, "the text")
    gate = PatientGate()
    second = bench.response(Take(HELLO, gates=[gate]))
    bench.way.next(second.stream)
    bench.way.close(first)
    del first
    gate.open()
    same(bench.way.text(second), HELLO.text, "the text of the next answer")
    must(second.error is None, f"the next answer ended with {second.error!r}")


@law(examples=0)
def leaving_reaches_the_provider(bench: Bench) -> None:
    """Leaving the `with` block of a response ends the call at the provider at once."""
    response, _ = _begun(bench)
    _must_end(bench, lambda: bench.way.leave(response), "the end of the with block")


@law(examples=0)
def dropping_reaches_the_provider(bench: Bench) -> None:
    """Dropping the last reference to a response ends the call at the provider at once."""
    response, reader = _begun(bench)
    del response, reader
    _must_let_go(bench, "the last reference was dropped")


@law(examples=0)
def close_wakes_the_reader(bench: Bench) -> None:
    """`close()` from elsewhere wakes a reader that waits for the provider."""
    response, reader = _begun(bench)
    waiting = bench.way.begin(reader)
    bench.way.close(response)
    _must_let_go(bench, "close()")
    typed(_error_of(waiting), StreamCancelledError)


@law(ways=("async",), examples=0)
def cancel_from_a_thread(bench: Bench) -> None:
    """`cancel()` in another thread than the event loop's ends the call, and wakes the task that waits."""
    response, reader = _begun(bench)
    waiting = bench.way.begin(reader)
    response.cancel()
    _must_let_go(bench, "cancel()")
    typed(_error_of(waiting), StreamCancelledError)


@law(examples=0)
def break_ends_only_the_reading(bench: Bench) -> None:
    """A reader that breaks off ends its own reading: the call goes on for whoever has the response."""
    gate = PatientGate()
    response = bench.response(Take(HELLO, gates=[gate]))
    reader = response.stream
    bench.way.next(reader)
    bench.way.stop(reader)
    gate.open()
    same(bench.way.text(response), HELLO.text, "the text")


@law(ways=("async",), examples=0)
def cancelled_task_reaches_the_provider(bench: Bench) -> None:
    """A task that is cancelled while it waits for the provider ends the call there at once."""
    _, reader = _begun(bench)
    waiting = bench.way.begin(reader)
    waiting.cancel()
    _must_let_go(bench, "the task was cancelled")
    for stream in (True, False):
        gate = PatientGate(5.0)
        bench.stage.play(Take(HELLO, before_headers=gate, whole=not stream))
        calling = bench.way.begin_call(bench.wrapper(), stream=stream)
        must(gate.reached.wait(5), "the call did not reach the provider")
        calling.cancel()
        _must_let_go(bench, f"the calling task was cancelled (stream={stream})")


@law(ways=("sync",), examples=0)
def interrupt_reaches_the_provider(bench: Bench) -> None:
    """Ctrl-C while a delta is awaited ends the call at the provider, and comes out of the loop."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_kill"):
        return  # there is no Ctrl-C
    gate = PatientGate(5.0)
    response = bench.response(Take(HELLO, 1, Fault.SILENCE, before_fault=gate))
    reader = response.stream
    bench.way.next(reader)
    # A program that was started in the background has no handler for it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Thread(target=_interrupt, args=(gate, bench.way.next.__code__), daemon=True).start()
        bench.way.next(reader)
    except KeyboardInterrupt:
        _must_let_go(bench, "Ctrl-C")
    else:
        must(False, "Ctrl-C did not come out of the loop")  # noqa: FBT003
    finally:
        signal.signal(signal.SIGINT, before)


@law(ways=("async",), examples=0)
def event_loop_goes_on(bench: Bench) -> None:
    """While the provider is silent, before the headers or in the middle, the event loop does other things."""
    gates = [PatientGate(5.0) for _ in range(3)]
    streamed = Take(HELLO, before_headers=gates[0], gates=gates[1:2])
    bench.stage.play(streamed, Take(HELLO, before_headers=gates[2], whole=True))
    with Ticker(bench.way.loop) as ticker:
        calling = bench.way.begin_call(bench.wrapper())
        ticker.must_tick_at(gates[0], "before the headers")
        response = calling.result(5)
        reader = response.stream
        bench.way.next(reader)
        waiting = bench.way.begin(reader)
        ticker.must_tick_at(gates[1], "in the middle of the answer")
        waiting.result(5)
        same(bench.way.text(response), HELLO.text, "the text")
        calling = bench.way.begin_call(bench.wrapper(), stream=False)
        ticker.must_tick_at(gates[2], "before an answer that is not streamed")
        same(calling.result(5).text, HELLO.text, "the text")


@law(examples=0)
def nothing_left_behind(bench: Bench) -> None:
    """However answers end, no thread, task, connection or open file stays, nor an uncaught error."""
    wrapper = bench.wrapper()
    _rounds(bench, wrapper, 1)
    census = Census(bench.counts())
    _rounds(bench, wrapper, 4)
    census.must_settle()


def _rounds(bench: Bench, wrapper: Any, count: int) -> None:
    from modelstream.testing._kit.heard import hear

    stage, way = bench.stage, bench.way
    for _ in range(count):
        stage.play(Take(HELLO))
        complete(hear(way, wrapper), HELLO)
        stage.play(Take(HELLO, 1, Fault.ENDS))
        hear(way, wrapper)
        response, reader = _begun(bench)
        way.close(response)
        del response, reader
        _must_let_go(bench, "close()")
        response, reader = _begun(bench)
        del response, reader
        _must_let_go(bench, "the last reference was dropped")


def _error_of(waiting: Any) -> Exception | None:
    try:
        waiting.result(PROMPT)
    except TimeoutError:
        must(False, f"the reader still waits {PROMPT:g} s after close()")  # noqa: FBT003
    except Exception as error:  # noqa: BLE001
        return error
    return None


def _interrupt(gate: PatientGate, waiting: CodeType) -> None:
    """Press Ctrl-C when the provider is silent and the main thread has been `waiting` for a moment."""
    main = threading.main_thread().ident or 0
    moments = 0
    while gate.reached.wait(5) and moments < MOMENTS:
        time.sleep(0.005)
        stack = walk_stack(sys._current_frames()[main])  # noqa: SLF001
        moments += any(frame.f_code is waiting for frame, _ in stack)
    signal.pthread_kill(main, signal.SIGINT)
