"""Laws about ending a call: the provider notices at once, and nothing leaks."""

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
from modelstream.testing._kit.bench import END_TIMEOUT, check_error
from modelstream.testing._kit.encoded import SILENCE
from modelstream.testing._kit.law import Laws, must, same
from modelstream.testing._kit.leaks import LeakCheck
from modelstream.testing._kit.observation import check_complete
from modelstream.testing._kit.scenario import Fault, PatientGate, Scenario
from modelstream.testing._kit.script import Script
from modelstream.testing._kit.ticker import Ticker

if TYPE_CHECKING:
    from modelstream.testing._kit.bench import Bench

_laws = Laws()
laws = _laws.laws
law = _laws.law

HELLO = Script([TextDelta("Hel"), TextDelta("lo")])
STALLED = Scenario(HELLO, 1, Fault.SILENCE)
"""Sends its first delta, and then nothing more."""

WAIT_CHECKS = 5
"""How many checks must find the main thread waiting before Ctrl-C is sent."""


def _start_reading(bench: Bench) -> tuple[Any, Any]:
    """A response whose answer is not complete, and a reader that has its first snapshot."""
    response = bench.response(STALLED)
    reader = response.stream
    bench.way.next(reader)
    return response, reader


def _must_release(bench: Bench, after: str) -> None:
    must(
        bench.provider.wait_released(END_TIMEOUT),
        f"{END_TIMEOUT:g} s after {after} the provider still writes",
    )


def _must_end(bench: Bench, end: Callable[[], None], name: str) -> None:
    """Check that `end` ends the call at the provider, without waiting for the provider."""
    began = time.monotonic()
    end()
    took = time.monotonic() - began
    _must_release(bench, name)
    must(took < SILENCE / 2, f"{name} took {took:.1f} s, and waited for the provider")


@law(examples=0)
def close_reaches_the_provider(bench: Bench) -> None:
    """`close()` ends the call at the provider at once, and readers get a `StreamCancelledError`."""
    response, reader = _start_reading(bench)
    _must_end(bench, lambda: bench.way.close(response), "close()")
    try:
        bench.way.next(reader)
    except Exception as error:  # noqa: BLE001
        same(check_error(error, StreamCancelledError).partial_text, "Hel", "partial_text")
    else:
        must(False, "a reader of a closed response got another snapshot")  # noqa: FBT003
    same(response.partial_text, "Hel", "the response's partial_text")


@law(examples=0)
def close_before_reading(bench: Bench) -> None:
    """`close()` before the first read ends the call too, and a second `close()` does nothing."""
    response = bench.response(STALLED)
    _must_end(bench, lambda: bench.way.close(response), "close()")
    bench.way.close(response)


@law(examples=0)
def close_after_the_end(bench: Bench) -> None:
    """Closing an ended answer does not affect the next one, which may use the same connection."""
    first = bench.response(Scenario(HELLO))
    same(bench.way.text(first), HELLO.text, "the text")
    gate = PatientGate()
    second = bench.response(Scenario(HELLO, gates=[gate]))
    bench.way.next(second.stream)
    bench.way.close(first)
    del first
    gate.open()
    same(bench.way.text(second), HELLO.text, "the text of the next answer")
    must(second.error is None, f"the next answer ended with {second.error!r}")


@law(examples=0)
def leaving_reaches_the_provider(bench: Bench) -> None:
    """Leaving the `with` block of a response ends the call at the provider at once."""
    response, _ = _start_reading(bench)
    _must_end(bench, lambda: bench.way.leave(response), "the end of the with block")


@law(examples=0)
def dropping_reaches_the_provider(bench: Bench) -> None:
    """Dropping the last reference to a response ends the call at the provider at once."""
    response, reader = _start_reading(bench)
    del response, reader
    _must_release(bench, "the last reference was dropped")


@law(examples=0)
def close_wakes_the_reader(bench: Bench) -> None:
    """`close()` from another thread or task wakes a reader that waits for the provider."""
    response, reader = _start_reading(bench)
    waiting = bench.way.begin(reader)
    bench.way.close(response)
    _must_release(bench, "close()")
    check_error(_error_of(waiting), StreamCancelledError)


@law(ways=("async",), examples=0)
def cancel_from_a_thread(bench: Bench) -> None:
    """`cancel()` in a thread other than the event loop's ends the call, and wakes the task that waits."""
    response, reader = _start_reading(bench)
    waiting = bench.way.begin(reader)
    response.cancel()
    _must_release(bench, "cancel()")
    check_error(_error_of(waiting), StreamCancelledError)


@law(examples=0)
def break_ends_only_that_reader(bench: Bench) -> None:
    """A reader that stops ends only its own reading: the call continues for other readers."""
    gate = PatientGate()
    response = bench.response(Scenario(HELLO, gates=[gate]))
    reader = response.stream
    bench.way.next(reader)
    bench.way.stop(reader)
    gate.open()
    same(bench.way.text(response), HELLO.text, "the text")


@law(ways=("async",), examples=0)
def cancelled_task_reaches_the_provider(bench: Bench) -> None:
    """Cancelling a task that waits for the provider ends the call at the provider at once."""
    _, reader = _start_reading(bench)
    waiting = bench.way.begin(reader)
    waiting.cancel()
    _must_release(bench, "the task was cancelled")
    for stream in (True, False):
        gate = PatientGate(5.0)
        bench.provider.play(Scenario(HELLO, before_headers=gate, whole=not stream))
        calling = bench.way.begin_call(bench.wrapper(), stream=stream)
        must(gate.reached.wait(5), "the call did not reach the provider")
        calling.cancel()
        _must_release(bench, f"the calling task was cancelled (stream={stream})")


@law(ways=("sync",), examples=0)
def interrupt_reaches_the_provider(bench: Bench) -> None:
    """Ctrl-C while waiting for a delta ends the call at the provider, and leaves the loop."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_kill"):
        return  # Ctrl-C can't be sent here
    gate = PatientGate(5.0)
    response = bench.response(Scenario(HELLO, 1, Fault.SILENCE, before_fault=gate))
    reader = response.stream
    bench.way.next(reader)
    # A program that was started in the background has no SIGINT handler.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Thread(target=_interrupt, args=(gate, bench.way.next.__code__), daemon=True).start()
        bench.way.next(reader)
    except KeyboardInterrupt:
        _must_release(bench, "Ctrl-C")
    else:
        must(False, "Ctrl-C did not leave the loop")  # noqa: FBT003
    finally:
        signal.signal(signal.SIGINT, before)


@law(ways=("async",), examples=0)
def event_loop_not_blocked(bench: Bench) -> None:
    """A silent provider, before the headers or in the middle, does not block the event loop."""
    gates = [PatientGate(5.0) for _ in range(3)]
    streamed = Scenario(HELLO, before_headers=gates[0], gates=gates[1:2])
    bench.provider.play(streamed, Scenario(HELLO, before_headers=gates[2], whole=True))
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
def nothing_leaks(bench: Bench) -> None:
    """However answers end, no thread, task, connection or file leaks, and no error stays uncaught."""
    wrapper = bench.wrapper()
    _run_rounds(bench, wrapper, 1)
    leak_check = LeakCheck(bench.counts())
    _run_rounds(bench, wrapper, 4)
    leak_check.must_find_none()


def _run_rounds(bench: Bench, wrapper: Any, count: int) -> None:
    from modelstream.testing._kit.observation import observe

    provider, way = bench.provider, bench.way
    for _ in range(count):
        provider.play(Scenario(HELLO))
        check_complete(observe(way, wrapper), HELLO)
        provider.play(Scenario(HELLO, 1, Fault.ENDS))
        observe(way, wrapper)
        response, reader = _start_reading(bench)
        way.close(response)
        del response, reader
        _must_release(bench, "close()")
        response, reader = _start_reading(bench)
        del response, reader
        _must_release(bench, "the last reference was dropped")


def _error_of(waiting: Any) -> Exception | None:
    try:
        waiting.result(END_TIMEOUT)
    except TimeoutError:
        must(False, f"the reader still waits {END_TIMEOUT:g} s after close()")  # noqa: FBT003
    except Exception as error:  # noqa: BLE001
        return error
    return None


def _interrupt(gate: PatientGate, waiting: CodeType) -> None:
    """Send Ctrl-C once the provider is silent and the main thread was seen in `waiting`."""
    main = threading.main_thread().ident or 0
    moments = 0
    while gate.reached.wait(5) and moments < WAIT_CHECKS:
        time.sleep(0.005)
        stack = walk_stack(sys._current_frames()[main])  # noqa: SLF001
        moments += any(frame.f_code is waiting for frame, _ in stack)
    signal.pthread_kill(main, signal.SIGINT)
