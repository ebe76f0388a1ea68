"""Laws about answers that break off: each is an error of the right type, with exactly the text that came."""

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
from modelstream.testing._kit.bench import typed
from modelstream.testing._kit.heard import Heard, complete, counts, hear, read
from modelstream.testing._kit.law import Laws, must, same
from modelstream.testing._kit.script import Script
from modelstream.testing._kit.sheet import SILENCE
from modelstream.testing._kit.strategies import faults, parts, scripts, styles, texts_only, usages
from modelstream.testing._kit.style import PLAIN, Style
from modelstream.testing._kit.take import WHY, Fault, PatientGate, Take
from modelstream.testing.server import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelstream.deltas import Usage
    from modelstream.testing._kit.bench import Bench
    from modelstream.wrapper import ModelWrapper

_laws = Laws()
laws = _laws.laws
law = _laws.law

SOON = (0.2, 2.0)
"""Seconds for a clock that is to run out in a test: the longer ones where a busy machine needs them."""

LATE = 2.0
"""Seconds that the reader may hear of it later, on a machine that has other things to do."""

GRACE = 0.3
"""Seconds that a complete answer may stay open in a test, instead of `timeouts.FINISH_GRACE`."""

WARMING = 10
"""Calls after which a wrapper is as ready as it will be."""

AT_ONCE = Style(pieces="whole")
"""All of a body comes with one read."""

HELLO = Script([TextDelta("Hel"), TextDelta("lo")])


def _broken_off(script: Script, fault: Fault, part: float, half: float = 0.5, style: Style = PLAIN) -> Take:
    length = int(part * (len(script.deltas) + 1))
    # A reset throws away what was not read yet: it has to wait for the reader. All else comes in one go.
    gate = PatientGate() if fault is Fault.RESET else None
    return Take(script, length, fault, style, before_fault=gate, half=half)


def _fails(
    bench: Bench, script: Script, fault: Fault, part: float, *, half: float = 0.5, style: Style = PLAIN
) -> StreamError:
    take = _broken_off(script, fault, part, half, style)
    return bench.failed(bench.hear(take), take.said, *fault.means)


@law(script=scripts, part=parts)
def no_end_no_last(bench: Bench, script: Script, part: float) -> None:
    """An answer that ends without the end marker is a `TruncatedStreamError`, and never `last=True`."""
    take = _broken_off(script, Fault.ENDS, part)
    heard = bench.hear(take)
    bench.failed(heard, take.said, *Fault.ENDS.means)
    if heard.response is not None:
        same(heard.response.reasoning, take.said.reasoning, "the reasoning that came before the error")
        found, said = heard.response.tool_calls, take.said.tool_calls
        same([call.name for call in found], [call.name for call in said], "the tool calls before the error")


@law(where="http", examples=0)
def false_end_no_last(bench: Bench) -> None:
    """What goes with the end marker but is none, such as `[DONE]`, does not make an answer complete."""
    for part in (0.0, 0.9):
        _fails(bench, HELLO, Fault.FALSE_END, part)


@law(where="http", script=scripts, part=parts, examples=0.1)
def lost_connection(bench: Bench, script: Script, part: float) -> None:
    """A connection that is closed in the middle of the body is a `ConnectionLostError`."""
    _fails(bench, script, Fault.CUT, part)


@law(where="http", script=scripts, part=parts, examples=0.1)
def reset_connection(bench: Bench, script: Script, part: float) -> None:
    """A connection that is reset is a `ConnectionLostError`."""
    _fails(bench, script, Fault.RESET, part)


@law(where="http", examples=0)
def half_a_frame(bench: Bench) -> None:
    """A body that ends in the middle of a frame, wherever that is, is an error, and the half says nothing."""
    for part in (0.4, 0.9):  # in the second delta, and in the end marker
        for fortieth in range(1, 41):
            _fails(bench, HELLO, Fault.HALF, part, half=fortieth / 40)


@law(where="http", script=scripts, part=parts, examples=0.1)
def malformed_frame(bench: Bench, script: Script, part: float) -> None:
    """A frame that can't be read is a `MalformedDataError`; what came before it is shown, nothing after."""
    for style in (PLAIN, AT_ONCE):
        _fails(bench, script, Fault.MALFORMED, part, style=style)


@law(where="http", needs="errors", script=scripts, part=parts, examples=0.1)
def error_frame(bench: Bench, script: Script, part: float) -> None:
    """An error that the provider sends in the middle is a `ProviderError` that tells what it says."""
    for style in (PLAIN, AT_ONCE):
        error = _fails(bench, script, Fault.ERROR, part, style=style)
        must(WHY in str(error), f"the provider said {WHY!r}, the error says {str(error)!r}")


@law(where="engine", script=scripts, part=parts, examples=0.1)
def engine_error(bench: Bench, script: Script, part: float) -> None:
    """What the engine raises becomes a `StreamError` that says what the engine said."""
    error = _fails(bench, script, Fault.RAISES, part)
    must(WHY in str(error), f"the engine said {WHY!r}, the error says {str(error)!r}")


@law(where="http", script=scripts, fault=faults, cut=st.tuples(parts, parts), style=styles)
def partial_text_exact(
    bench: Bench, script: Script, fault: Fault, cut: tuple[float, float], style: Style
) -> None:
    """However an answer breaks off, and its bytes are cut, `partial_text` is exactly what came."""
    take = _broken_off(script, fault, *cut, style)
    # Where only its close ends a body, a reset is such a close for some HTTP libraries (aiohttp).
    closed = (TruncatedStreamError,) if fault is Fault.RESET and style.framing == "close" else ()
    bench.failed(bench.hear(take), take.said, *fault.means, *closed)


@law(examples=0)
def silence(bench: Bench) -> None:
    """A provider that falls silent is a `StreamTimeoutError` of the clock `first_delta` or `idle`."""
    for length, clock in ((0, "first_delta"), (1, "idle")):
        _runs_out(bench, clock, partial(Take, HELLO, length, Fault.SILENCE))


@law(examples=0)
def silence_before_headers(bench: Bench) -> None:
    """A provider that does not even send headers is a `StreamTimeoutError` of the clock `first_delta`."""
    for whole in (False, True):
        _runs_out(bench, "first_delta", partial(_without_headers, whole=whole))


@law(examples=0)
def total_time(bench: Bench) -> None:
    """An answer that takes longer than `total_timeout` is a `StreamTimeoutError` of the clock `total`."""
    _runs_out(bench, "total", partial(Take, HELLO, 1, Fault.SILENCE))


def _without_headers(*, whole: bool) -> Take:
    return Take(HELLO, 0, Fault.ENDS, whole=whole, before_headers=PatientGate(SILENCE))


def _in_time(check: Callable[[float], None]) -> None:
    """Check with clocks that are short, and with longer ones if that fails: it may be the machine's fault."""
    for seconds in SOON[:-1]:
        with suppress(Exception):
            check(seconds)
            return
    check(SOON[-1])


def _warm(bench: Bench, **fields: float) -> ModelWrapper:
    """A wrapper that has been called: what a first call imports and opens is not the provider's time."""
    for _ in range(WARMING):
        if bench.hear(Take(HELLO), **fields).error is None:
            break
    return bench.wrapper(**fields)


def _runs_out(bench: Bench, clock: str, silent: Callable[[], Take]) -> None:
    def check(seconds: float) -> None:
        wrapper = _warm(bench, **{f"{clock}_timeout": seconds})
        take = silent()
        bench.stage.play(take)
        began = time.monotonic()
        heard = hear(bench.way, wrapper, stream=not take.whole)
        error = bench.failed(heard, take.said, StreamTimeoutError)
        took = time.monotonic() - began
        same(getattr(error, "clock", None), clock, "the clock")
        must(took < seconds + LATE, f"{clock}_timeout={seconds:g}, and the reader waited for {took:.1f} s")
        must(bench.stage.let_go(LATE), f"{LATE:g} s after {clock}_timeout the provider still writes")

    _in_time(check)


@law(where="http", examples=0)
def stalled_whole_answer(bench: Bench) -> None:
    """An answer, not streamed, that stops half-way is a `StreamTimeoutError`; its connection is closed."""
    whole = bench.stage.whole_body()
    _stalls(bench, "total", stream=False, status=200, body=whole[: len(whole) // 2])


@law(where="http", examples=0)
def stalled_refusal(bench: Bench) -> None:
    """A refusal whose body does not come is a `StreamTimeoutError`, and its connection is closed."""
    for stream in (True, False):
        _stalls(bench, "total", stream=stream, status=503, body=b"")


def _stalls(bench: Bench, clock: str, *, stream: bool, status: int, body: bytes) -> None:
    """An answer with this body, and then nothing more, is a timeout that closes the connection."""

    def check(seconds: float) -> None:
        wrapper = _warm(bench, **{f"{clock}_timeout": seconds})
        headers = {"Content-Type": "application/json"}
        bench.stage.answer(Answer([body, PatientGate(SILENCE)], status, headers))
        began = time.monotonic()
        heard = hear(bench.way, wrapper, stream=stream)
        took = time.monotonic() - began
        same(getattr(typed(heard.error, StreamTimeoutError), "clock", None), clock, "the clock")
        must(took < seconds + LATE, f"{clock}_timeout={seconds:g}, and the caller waited for {took:.1f} s")
        must(bench.stage.let_go(LATE), f"{LATE:g} s after {clock}_timeout the connection is still open")

    _in_time(check)


@law(examples=0)
def slow_reader(bench: Bench) -> None:
    """The clocks measure the provider: a reader that takes its time with what is there already may do so."""

    def check(seconds: float) -> None:
        wrapper = _warm(bench, idle_timeout=seconds, first_delta_timeout=seconds)
        bench.stage.play(Take(HELLO))
        response = bench.way.call(wrapper)
        reader = response.stream
        bench.way.next(reader)
        time.sleep(2 * seconds)
        bench.way.each(reader, lambda _: None)
        same(bench.way.text(response), HELLO.text, "the text")

    _in_time(check)


@law(where="http", needs="usage", usage=usages, examples=0.05)
def usage_after_failure(bench: Bench, usage: Usage) -> None:
    """The token counts that were known when an answer broke off are on its error and its response."""
    known = UsageDelta(usage.input_tokens, usage.output_tokens, usage.reasoning_tokens, usage.cached_tokens)
    take = Take(Script([TextDelta("Hel"), known, TextDelta("lo")]), 2, Fault.ENDS)
    heard = bench.hear(take)
    error = bench.failed(heard, take.said, *Fault.ENDS.means)
    expected = counts(usage, bench.features)
    same(counts(error.usage, bench.features), expected, f"error.usage {bench.features.counts}")
    same(counts(heard.response.usage, bench.features), expected, f"response.usage {bench.features.counts}")


@law(script=texts_only, part=parts, examples=0.05)
def failure_replayed(bench: Bench, script: Script, part: float) -> None:
    """Whoever reads an answer later that broke off sees the same snapshots and gets the same error."""
    take = _broken_off(script, Fault.ENDS, part)
    heard = bench.hear(take)
    bench.failed(heard, take.said, *Fault.ENDS.means)
    if heard.response is None:
        return
    again = Heard(heard.response)
    read(bench.way, again, heard.response.stream, again.snapshots.append)
    must(again.error is heard.error, f"the second reader got {again.error!r} instead of {heard.error!r}")
    same(again.pairs, heard.pairs, "what the second reader saw")
    try:
        text = bench.way.text(heard.response)
    except StreamError as error:
        must(error is heard.error, f"text raised {error!r} instead of {heard.error!r}")
    else:
        must(False, f"text gave {text!r} instead of raising")  # noqa: FBT003


@law(where="http", examples=0)
def harmless_after_the_end(bench: Bench) -> None:
    """What breaks behind the end marker does no harm: the answer is complete."""
    for fault in (Fault.CUT, Fault.RESET):
        take = Take(HELLO, fault=fault, before_fault=PatientGate(), ended=True)
        complete(bench.hear(take), HELLO)


@law(where="http", examples=0)
def silence_after_the_end(bench: Bench) -> None:
    """Silence after the end marker is no error: the answer is complete, and its connection is closed soon."""
    bench.stage.play(Take(HELLO, fault=Fault.SILENCE, before_fault=PatientGate(SILENCE), ended=True))
    with mock.patch.object(timeouts, "FINISH_GRACE", GRACE):
        began = time.monotonic()
        complete(hear(bench.way, bench.wrapper()), HELLO)
        took = time.monotonic() - began
        must(took < GRACE + LATE, f"the answer was complete, and the reader waited for {took:.1f} s")
        must(
            bench.stage.let_go(LATE), f"{took + LATE:.1f} s after the end marker the connection is still open"
        )
