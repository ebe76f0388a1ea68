"""The rows of the fault table: faults, unusual answers, and how each is played to a wrapper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from modelstream.deltas import TextDelta
from modelstream.errors import StreamError
from modelstream.testing._kit.observation import Observation, observe
from modelstream.testing._kit.scenario import Fault, PatientGate, Scenario
from modelstream.testing._kit.script import Script
from modelstream.testing._kit.style import Style
from modelstream.testing.server import Answer, End

SCRIPT = Script([TextDelta("Hel"), TextDelta("lo 中"), TextDelta(" world")])
SENT = 2
"""How many of its deltas are sent before the fault."""

ODD = Script([TextDelta("one\u2028two"), TextDelta("\u2029three\x85four")])
HUGE = Script([TextDelta("a"), TextDelta("b" * (1 << 20)), TextDelta("c")])

TIMEOUT = 0.5
"""The timeout in seconds."""

PROMPT = 0.5
"""Seconds within which the provider must notice that the answer was cancelled."""

PAGE = b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"
HTML = {"Content-Type": "text/html"}

NOT_THERE = "–"
"""The cell of a row that does not exist in a provider's format, or without HTTP."""

LINES = ("text/event-stream", "application/x-ndjson")
EVENTS = ("text/event-stream",)


@dataclass(frozen=True)
class Row:
    """`play` gets the bench and returns the text of the cell. `formats`: the content types that can have it.

    `in_process`: whether a model without HTTP can have it too; `ways`: how it is called.
    """

    name: str
    play: Callable[[Any], str]
    formats: tuple[str, ...] = (*LINES, "application/json")
    in_process: bool = False
    ways: tuple[str, ...] = ("sync", "async")

    def cell(self, bench_of):
        """The text of the cell, for sync and async calls; `bench_of(way)` returns the bench."""
        provider = bench_of("sync").provider
        if not (self.in_process if provider.in_process else provider.wire.content_type in self.formats):
            return NOT_THERE
        found = {way: self.play(bench_of(way)) for way in self.ways}
        if len(set(found.values())) == 1:
            return next(iter(found.values()))
        return "; ".join(f"{way}: {cell}" for way, cell in found.items())


def outcome(observed: Observation, script: Script) -> str:
    """The text of a fault's cell, after the deltas of `script`."""
    error = observed.error
    if error is None:
        return "**silent**"
    if not isinstance(error, StreamError):
        return f"**{type(error).__module__}.{type(error).__name__}**"
    kept = observed.text == error.partial_text == script.text
    untrue = any(snapshot.last for snapshot in observed.snapshots)
    name = f"`{type(error).__name__}`"
    if not kept or untrue:
        return f"{name}, **{'last=True' if untrue else 'text lost'}**"
    return f"{name}, text kept" if script.text else name


def refused(status, body=None, headers=None):
    """A row for an HTTP error."""

    def play(bench):
        provider = bench.provider
        provider.answer(
            provider.refuse(status) if body is None else Answer([body], status, headers, framing="length")
        )
        return outcome(observe(bench.way, bench.wrapper()), Script())

    return play


def unreachable(bench):
    wrapper = bench.new_wrapper(base_url=bench.provider.unreachable_url)
    return outcome(observe(bench.way, wrapper), Script())


def no_headers(bench):
    bench.provider.answer(Answer(status=None, end=End.CUT))
    return outcome(observe(bench.way, bench.wrapper()), Script())


def empty(bench):
    kind = {"Content-Type": bench.provider.wire.content_type}
    bench.provider.answer(Answer([], 200, kind))
    return outcome(observe(bench.way, bench.wrapper()), Script())


def breaks_off(fault, style=Style(), **timeouts):  # noqa: B008 (it is frozen)
    """A row for an answer that breaks off after its second delta."""

    def play(bench):
        # A reset discards unread data, so it must wait for the reader.
        gate = PatientGate() if fault is Fault.RESET else None
        scenario = Scenario(SCRIPT, SENT, fault, style, before_fault=gate)
        return outcome(bench.observe(scenario, **timeouts), scenario.sent)

    return play


def in_error(bench):
    """An error that the provider sends in the middle; a model inside the process raises it."""
    fault = Fault.RAISES if bench.provider.in_process else Fault.ERROR
    return breaks_off(fault)(bench)


def silent_from_the_start(bench):
    scenario = Scenario(SCRIPT, 0, Fault.SILENCE, before_headers=PatientGate(4 * TIMEOUT))
    return outcome(bench.observe(scenario, first_delta_timeout=TIMEOUT), Script())


def intact(script=SCRIPT, style=Style()):  # noqa: B008
    """A row for an answer that is complete, but unusual."""

    def play(bench):
        observed = bench.observe(Scenario(script, style=style))
        if observed.error is not None:
            return outcome(observed, script)
        whole = observed.snapshots[-1].last and observed.text == script.text
        return "whole" if whole else "**another text**"

    return play


def in_two_lines(bench):
    """Events with their JSON document split over two `data:` lines."""
    provider = bench.provider
    answer = provider.answer_for(Scenario(SCRIPT))
    body = [piece.replace(b'":', b'":\ndata: ', 1) for piece in answer.body]
    provider.answer(Answer(body, headers=answer.headers))
    observed = observe(bench.way, bench.wrapper())
    return "whole" if observed.error is None and observed.text == SCRIPT.text else outcome(observed, SCRIPT)


def ended(end):
    """A row for a call that its caller ends in the middle."""

    def play(bench):
        response = bench.response(Scenario(SCRIPT, 1, Fault.SILENCE))
        reader = response.stream
        bench.way.next(reader)
        held = [response, reader]
        del response, reader
        end(bench, held)
        return "at once" if bench.provider.wait_released(PROMPT) else f"**not in {PROMPT:g} s**"

    return play


def close(bench, held):
    bench.way.close(held[0])


def drop(bench, held):
    held.clear()


def cancel(bench, held):
    waiting = bench.way.begin(held[1])
    waiting.cancel()


FAULTS = (
    Row("HTTP 401", refused(401)),
    Row("HTTP 429", refused(429)),
    Row("HTTP 500", refused(500)),
    Row("HTTP 502 with a web page", refused(502, PAGE, HTML)),
    Row("the connection is refused", unreachable),
    Row("the connection is closed before the headers", no_headers),
    Row("the connection is closed in the middle of the body", breaks_off(Fault.CUT)),
    Row("the connection is reset", breaks_off(Fault.RESET)),
    Row("a valid end of the body, no end marker", breaks_off(Fault.ENDS), in_process=True),
    Row("the same, in a body that the close ends", breaks_off(Fault.ENDS, Style(framing="close"))),
    Row("half a frame, then a valid end", breaks_off(Fault.HALF)),
    Row("a frame that is not JSON", breaks_off(Fault.MALFORMED)),
    Row("an error in the middle of the answer", in_error, in_process=True),
    Row("HTTP 200 without a frame", empty),
    Row("HTTP 200 with a web page", refused(200, PAGE, HTML)),
    Row("the provider stops sending", breaks_off(Fault.SILENCE, idle_timeout=TIMEOUT), in_process=True),
    Row("the provider sends nothing", silent_from_the_start, in_process=True),
)
"""Faults: a user must get a typed error, with the text so far."""

ODDITIES = (
    Row("split inside characters and line ends", intact(style=Style(pieces="boundaries"))),
    Row("CRLF", intact(style=Style(line_end=b"\r\n")), LINES),
    Row("CR alone", intact(style=Style(line_end=b"\r")), EVENTS),
    Row("two `data:` lines in an event", in_two_lines, EVENTS),
    Row("no space after `data:`", intact(style=Style(spaced=False)), EVENTS),
    Row("comments between events", intact(style=Style(comments=True)), EVENTS),
    Row("unescaped U+2028, U+2029 and U+0085", intact(ODD), in_process=True),
    Row("a delta of 1 MiB", intact(HUGE), in_process=True),
)
"""Unusual but valid answers: a user must get the whole text."""

ENDINGS = (
    Row("`close()`", ended(close), in_process=True),
    Row("the last reference is dropped", ended(drop), in_process=True),
    Row("the task is cancelled", ended(cancel), in_process=True, ways=("async",)),
)
"""How a caller ends a call: the provider must notice at once."""
