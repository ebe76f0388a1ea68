"""Laws about answers that break off: the error has the right type, and exactly the text that was sent."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING
from unittest import mock

from hypothesis import strategies as st

from modelstream.call import timeouts
from modelstream.deltas import TextDelta, UsageDelta
from modelstream.errors import StreamError, StreamTimeoutError, TruncatedStreamError
from modelstream.testing._kit.bench import check_error
from modelstream.testing._kit.encoded import SILENCE
from modelstream.testing._kit.law import Laws, must, same
from modelstream.testing._kit.observation import Observation, check_complete, counts, observe, read
from modelstream.testing._kit.scenario import ERROR_MESSAGE, Fault, PatientGate, Scenario
from modelstream.testing._kit.script import Script
from modelstream.testing._kit.strategies import faults, parts, scripts, styles, texts_only, usages
from modelstream.testing._kit.style import PLAIN, Style
from modelstream.testing.server import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelstream.deltas import Usage
    from modelstream.testing._kit.bench import Bench
    from modelstream.wrapper import ModelWrapper

_laws = Laws()
laws = _laws.laws
law = _laws.law

SHORT_TIMEOUTS = (0.2, 2.0)
"""Timeouts in seconds that must expire in a test; the longer one is for a busy machine."""

TOLERANCE = 2.0
"""Seconds after the timeout within which the reader must get the error, also on a busy machine."""

GRACE = 0.3
"""Seconds that a complete answer may stay open in a test, instead of `timeouts.FINISH_GRACE`."""

WARM_UP_CALLS = 10
"""The maximum number of calls to warm up a wrapper."""

ONE_PIECE = Style(pieces="whole")
"""The body is sent in one piece."""

HELLO = Script([TextDelta("Hel"), TextDelta("lo")])


def _broken_scenario(
    script: Script, fault: Fault, part: float, half: float = 0.5, style: Style = PLAIN
) -> Scenario:
    length = int(part * (len(script.deltas) + 1))
    # A reset discards unread data, so it must wait for the reader. Other faults follow at once.
    gate = PatientGate() if fault is Fault.RESET else None
    return Scenario(script, length, fault, style, before_fault=gate, half=half)


def _check_fails(
    bench: Bench, script: Script, fault: Fault, part: float, *, half: float = 0.5, style: Style = PLAIN
) -> StreamError:
    scenario = _broken_scenario(script, fault, part, half, style)
    return bench.check_failure(bench.observe(scenario), scenario.sent, *fault.expected)


@law(script=scripts, part=parts)
def no_end_no_last(bench: Bench, script: Script, part: float) -> None:
    """An answer that ends without the end marker is a `TruncatedStreamError`, and never `last=True`."""
    scenario = _broken_scenario(script, Fault.ENDS, part)
    observed = bench.observe(scenario)
    bench.check_failure(observed, scenario.sent, *Fault.ENDS.expected)
    if observed.response is not None:
        same(observed.response.reasoning, scenario.sent.reasoning, "the reasoning that came before the error")
        found, sent = observed.response.tool_calls, scenario.sent.tool_calls
        same([call.name for call in found], [call.name for call in sent], "the tool calls before the error")


@law(where="http", examples=0)
def false_end_no_last(bench: Bench) -> None:
    """Frames that only accompany the end marker, such as `[DONE]`, do not complete an answer."""
    for part in (0.0, 0.9):
        _check_fails(bench, HELLO, Fault.FALSE_END, part)


@law(where="http", script=scripts, part=parts, examples=0.1)
def lost_connection(bench: Bench, script: Script, part: float) -> None:
    """A connection that is closed in the middle of the body is a `ConnectionLostError`."""
    _check_fails(bench, script, Fault.CUT, part)


@law(where="http", script=scripts, part=parts, examples=0.1)
def reset_connection(bench: Bench, script: Script, part: float) -> None:
    """A connection that is reset is a `ConnectionLostError`."""
    _check_fails(bench, script, Fault.RESET, part)


@law(where="http", examples=0)
def half_a_frame(bench: Bench) -> None:
    """A body that ends anywhere in a frame is an error, and nothing of that frame is shown."""
    for part in (0.4, 0.9):  # in the second delta, and in the end marker
        for fortieth in range(1, 41):
            _check_fails(bench, HELLO, Fault.HALF, part, half=fortieth / 40)


@law(where="http", script=scripts, part=parts, examples=0.1)
def malformed_frame(bench: Bench, script: Script, part: float) -> None:
    """An invalid frame is a `MalformedDataError`; the text before it is shown, none after it."""
    for style in (PLAIN, ONE_PIECE):
        _check_fails(bench, script, Fault.MALFORMED, part, style=style)


@law(where="http", needs="errors", script=scripts, part=parts, examples=0.1)
def error_frame(bench: Bench, script: Script, part: float) -> None:
    """An error frame in the middle of the answer is a `ProviderError` with its message."""
    for style in (PLAIN, ONE_PIECE):
        error = _check_fails(bench, script, Fault.ERROR, part, style=style)
        must(ERROR_MESSAGE in str(error), f"the message {ERROR_MESSAGE!r} is not in the error {str(error)!r}")


@law(where="engine", script=scripts, part=parts, examples=0.1)
def engine_error(bench: Bench, script: Script, part: float) -> None:
    """An exception of the engine becomes a `StreamError` with its message."""
    error = _check_fails(bench, script, Fault.RAISES, part)
    must(ERROR_MESSAGE in str(error), f"the message {ERROR_MESSAGE!r} is not in the error {str(error)!r}")


@law(where="http", script=scripts, fault=faults, cut=st.tuples(parts, parts), style=styles)
def partial_text_exact(
    bench: Bench, script: Script, fault: Fault, cut: tuple[float, float], style: Style
) -> None:
    """However an answer breaks off and is split, `partial_text` is exactly the text that was sent."""
    scenario = _broken_scenario(script, fault, *cut, style)
    # If only the close ends a body, some HTTP libraries (aiohttp) treat a reset as one.
    closed = (TruncatedStreamError,) if fault is Fault.RESET and style.framing == "close" else ()
    bench.check_failure(bench.observe(scenario), scenario.sent, *fault.expected, *closed)


@law(examples=0)
def silence(bench: Bench) -> None:
    """A provider that stops sending is a `StreamTimeoutError` with the clock `first_delta` or `idle`."""
    for length, clock in ((0, "first_delta"), (1, "idle")):
        _times_out(bench, clock, partial(Scenario, HELLO, length, Fault.SILENCE))


@law(examples=0)
def silence_before_headers(bench: Bench) -> None:
    """A provider that sends no headers is a `StreamTimeoutError` with the clock `first_delta`."""
    for whole in (False, True):
        _times_out(bench, "first_delta", partial(_without_headers, whole=whole))


@law(examples=0)
def total_time(bench: Bench) -> None:
    """An answer longer than `total_timeout` is a `StreamTimeoutError` with the clock `total`."""
    _times_out(bench, "total", partial(Scenario, HELLO, 1, Fault.SILENCE))


def _without_headers(*, whole: bool) -> Scenario:
    return Scenario(HELLO, 0, Fault.ENDS, whole=whole, before_headers=PatientGate(SILENCE))


def _with_short_timeouts(check: Callable[[float], None]) -> None:
    """Check with a short timeout, and with a longer one if that fails: the machine may be busy."""
    for seconds in SHORT_TIMEOUTS[:-1]:
        with suppress(Exception):
            check(seconds)
            return
    check(SHORT_TIMEOUTS[-1])


def _warm(bench: Bench, **fields: float) -> ModelWrapper:
    """A wrapper that was called before, so that the imports of a first call do not count as time."""
    for _ in range(WARM_UP_CALLS):
        if bench.observe(Scenario(HELLO), **fields).error is None:
            break
    return bench.wrapper(**fields)


def _times_out(bench: Bench, clock: str, silent: Callable[[], Scenario]) -> None:
    def check(seconds: float) -> None:
        wrapper = _warm(bench, **{f"{clock}_timeout": seconds})
        scenario = silent()
        bench.provider.play(scenario)
        began = time.monotonic()
        observed = observe(bench.way, wrapper, stream=not scenario.whole)
        error = bench.check_failure(observed, scenario.sent, StreamTimeoutError)
        took = time.monotonic() - began
        same(getattr(error, "clock", None), clock, "the clock")
        must(
            took < seconds + TOLERANCE, f"{clock}_timeout={seconds:g}, and the reader waited for {took:.1f} s"
        )
        must(
            bench.provider.wait_released(TOLERANCE),
            f"{TOLERANCE:g} s after {clock}_timeout the provider still writes",
        )

    _with_short_timeouts(check)


@law(where="http", examples=0)
def stalled_whole_answer(bench: Bench) -> None:
    """An answer, not streamed, that stops half-way is a `StreamTimeoutError`; its connection is closed."""
    whole = bench.provider.whole_body()
    _stalls(bench, "total", stream=False, status=200, body=whole[: len(whole) // 2])


@law(where="http", examples=0)
def stalled_refusal(bench: Bench) -> None:
    """A refusal whose body does not arrive is a `StreamTimeoutError`, and its connection is closed."""
    for stream in (True, False):
        _stalls(bench, "total", stream=stream, status=503, body=b"")


def _stalls(bench: Bench, clock: str, *, stream: bool, status: int, body: bytes) -> None:
    """Check that an answer that stops after this body is a timeout that closes the connection."""

    def check(seconds: float) -> None:
        wrapper = _warm(bench, **{f"{clock}_timeout": seconds})
        headers = {"Content-Type": "application/json"}
        bench.provider.answer(Answer([body, PatientGate(SILENCE)], status, headers))
        began = time.monotonic()
        observed = observe(bench.way, wrapper, stream=stream)
        took = time.monotonic() - began
        same(getattr(check_error(observed.error, StreamTimeoutError), "clock", None), clock, "the clock")
        must(
            took < seconds + TOLERANCE, f"{clock}_timeout={seconds:g}, and the caller waited for {took:.1f} s"
        )
        must(
            bench.provider.wait_released(TOLERANCE),
            f"{TOLERANCE:g} s after {clock}_timeout the connection is still open",
        )

    _with_short_timeouts(check)


@law(examples=0)
def slow_reader(bench: Bench) -> None:
    """The timeouts measure the provider only: a slow reader does not make them expire."""

    def check(seconds: float) -> None:
        wrapper = _warm(bench, idle_timeout=seconds, first_delta_timeout=seconds)
        bench.provider.play(Scenario(HELLO))
        response = bench.way.call(wrapper)
        reader = response.stream
        bench.way.next(reader)
        time.sleep(2 * seconds)
        bench.way.each(reader, lambda _: None)
        same(bench.way.text(response), HELLO.text, "the text")

    _with_short_timeouts(check)


@law(where="http", needs="usage", usage=usages, examples=0.05)
def usage_after_failure(bench: Bench, usage: Usage) -> None:
    """The token counts so far of an answer that breaks off are on its error and its response."""
    known = UsageDelta(usage.input_tokens, usage.output_tokens, usage.reasoning_tokens, usage.cached_tokens)
    scenario = Scenario(Script([TextDelta("Hel"), known, TextDelta("lo")]), 2, Fault.ENDS)
    observed = bench.observe(scenario)
    error = bench.check_failure(observed, scenario.sent, *Fault.ENDS.expected)
    expected = counts(usage, bench.features)
    same(counts(error.usage, bench.features), expected, f"error.usage {bench.features.counts}")
    same(counts(observed.response.usage, bench.features), expected, f"response.usage {bench.features.counts}")


@law(script=texts_only, part=parts, examples=0.05)
def failure_replayed(bench: Bench, script: Script, part: float) -> None:
    """Later readers of an answer that broke off get the same snapshots and the same error."""
    scenario = _broken_scenario(script, Fault.ENDS, part)
    observed = bench.observe(scenario)
    bench.check_failure(observed, scenario.sent, *Fault.ENDS.expected)
    if observed.response is None:
        return
    again = Observation(observed.response)
    read(bench.way, again, observed.response.stream, again.snapshots.append)
    must(
        again.error is observed.error, f"the second reader got {again.error!r} instead of {observed.error!r}"
    )
    same(again.pairs, observed.pairs, "the snapshots of the second reader")
    try:
        text = bench.way.text(observed.response)
    except StreamError as error:
        must(error is observed.error, f"text raised {error!r} instead of {observed.error!r}")
    else:
        must(False, f"text gave {text!r} instead of raising")  # noqa: FBT003


@law(where="http", examples=0)
def fault_after_the_end(bench: Bench) -> None:
    """A fault after the end marker has no effect: the answer is complete."""
    for fault in (Fault.CUT, Fault.RESET):
        scenario = Scenario(HELLO, fault=fault, before_fault=PatientGate(), ended=True)
        check_complete(bench.observe(scenario), HELLO)


@law(where="http", examples=0)
def silence_after_the_end(bench: Bench) -> None:
    """Silence after the end marker is not an error: the answer is complete, and the connection is closed."""
    bench.provider.play(Scenario(HELLO, fault=Fault.SILENCE, before_fault=PatientGate(SILENCE), ended=True))
    with mock.patch.object(timeouts, "FINISH_GRACE", GRACE):
        began = time.monotonic()
        check_complete(observe(bench.way, bench.wrapper()), HELLO)
        took = time.monotonic() - began
        must(took < GRACE + TOLERANCE, f"the answer was complete, and the reader waited for {took:.1f} s")
        must(
            bench.provider.wait_released(TOLERANCE),
            f"{took + TOLERANCE:.1f} s after the end marker the connection is still open",
        )
