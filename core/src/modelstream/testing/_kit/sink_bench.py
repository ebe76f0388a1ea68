"""Where a sink is tested: alone, called as the core calls it, or through the core, among others."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from modelstream.sinks.base import Message, Outcome, StreamSink
from modelstream.sinks.delivery import delivery_of
from modelstream.snapshot import Snapshot
from modelstream.testing._kit.law import LawBrokenError, must, same
from modelstream.testing._kit.ways import in_thread

if TYPE_CHECKING:
    from modelstream.deltas import Delta
    from modelstream.testing._kit.talk import Talk
    from modelstream.testing.sink_conformance import SinkConformance

MOST_SHOWN = 40
"""Calls that are shown when a law is broken."""

LIMIT = 10.0
"""Seconds that anything with a sink may take; longer means that it hangs."""


@dataclass(frozen=True)
class SinkFeatures:
    """What a sink lets the kit look at."""

    shown: bool
    ends: bool


@dataclass(frozen=True)
class Alone:
    """The sink is called by the kit."""

    name: str = "alone"


@dataclass(frozen=True)
class Shown:
    """The sink is called by the core, for `modelstream.show` or `modelstream.ashow`."""

    name: str

    def __call__(self, content: Any, message: Message, sinks: Iterable[StreamSink]) -> None:
        """Show `content` on `sinks`."""
        from modelstream import ashow, show

        if self.name == "show":
            show(content, message=message, sinks=list(sinks))
        else:
            asyncio.run(ashow(content, message=message, sinks=list(sinks)))


WAYS = {"alone": Alone(), "show": Shown("show"), "ashow": Shown("ashow")}


class SinkBench:
    """A sink under test. What was told to the sinks made here last is `told()`."""

    told_by = "what the sink was told"

    def __init__(self, of: SinkConformance, way: str) -> None:
        self.way: Any = WAYS[way]
        self._of = of
        self._told: list[tuple[str, tuple[Any, ...]]] = []

    def told(self) -> list[str]:
        """The calls, in order."""
        calls = [f"{method}({', '.join(map(_shown, given))})" for method, given in self._told[:MOST_SHOWN]]
        more = len(self._told) - MOST_SHOWN
        return [*calls, f"… and {more} calls more"] if more > 0 else calls

    def make(self) -> StreamSink:
        """A new sink; its calls are noted."""
        sink = self._of.make()
        self._told = []
        for method in ("open", "write", "write_delta", "close", "shutdown"):
            _note(sink, method, self._told)
        return sink

    def within(self, work: Callable[[], None]) -> None:
        """Do `work` in a thread, and raise what it raises; a sink that hangs breaks the law."""
        working = in_thread(work)
        try:
            working.result(LIMIT)
        except TimeoutError:
            must(working.done(), f"the sink still hangs after {LIMIT:g} s")
            raise
        except (SystemExit, KeyboardInterrupt) as error:
            raise LawBrokenError(f"the sink raised {error!r}") from error

    def shut_down(self, sink: StreamSink) -> None:
        """End a sink that the kit has called itself."""
        self.within(sink.shutdown)

    def end(self, sink: StreamSink) -> None:
        """End a sink that the core has called, after all has reached it."""
        over = threading.Event()
        delivery_of(sink).end(over.set)
        must(over.wait(LIMIT), f"the sink was not shut down within {LIMIT:g} s")

    def shows(self, sink: StreamSink, talk: Talk) -> None:
        """The sink shows the text that the message has."""
        self.shows_text(sink, talk.message, talk.text)

    def shows_text(self, sink: StreamSink, message: Message, text: str) -> None:
        """The sink shows this text for the message, if it lets the kit look."""
        if self._of.features().shown:
            same(self._of.shown(sink, message), self._of.looks(text), "the text that is shown")

    def ended(self, sink: StreamSink, message: Message) -> None:
        """The sink shows the end of the message once, if it lets the kit look."""
        if self._of.features().ends:
            same(self._of.ends(sink, message), 1, "how often the end of the message is shown")

    def closed_once(self, sink: StreamSink, message: Message) -> None:
        """The message was closed once."""
        found: Counter[str] = sink.__dict__["_conformance_closed"]
        same(found[message.id], 1, "how often the message was closed")


def _note(sink: StreamSink, method: str, told: list[tuple[str, tuple[Any, ...]]]) -> None:
    original = getattr(sink, method)
    closed: Counter[str] = sink.__dict__.setdefault("_conformance_closed", Counter())

    def noting(*arguments: Any) -> Any:
        told.append((method, arguments))
        if method == "close":
            closed[arguments[0].id] += 1
        return original(*arguments)

    # Delivery refuses coroutine functions, so it must see what the sink has.
    if not asyncio.iscoroutinefunction(original):
        sink.__dict__[method] = noting


def _shown(argument: object, limit: int = 200) -> str:
    if isinstance(argument, Snapshot):
        text = f"{argument.delta!r} at {argument.offset}{', last' if argument.last else ''}"
    else:
        text = repr(argument)
    return text if len(text) <= limit else f"{text[:limit]}…"


class Witness(StreamSink):
    """A sink beside the one under test: remembers what it is told, and calls `does` with every snapshot."""

    sink_type = "witness"
    delivery = "inline"

    def __init__(self, does: Callable[[Message, Snapshot], None] | None = None) -> None:
        self.text = ""
        self.deltas: list[Delta] = []
        self.outcomes: list[Outcome] = []
        self._does = does

    def write(self, message: Message, snapshot: Snapshot) -> None:
        """Remember the text."""
        self.text = self.text[: snapshot.offset] + snapshot.delta
        if self._does is not None:
            self._does(message, snapshot)

    def write_delta(self, message: Message, delta: Delta) -> None:
        """Remember the delta."""
        self.deltas.append(delta)

    def close(self, message: Message, outcome: Outcome) -> None:
        """Remember the outcome."""
        self.outcomes.append(outcome)


class Complaints(logging.Handler):
    """What modelstream logs about sinks while this is a context."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Remember it."""
        self.said.append(record.getMessage())

    def __enter__(self) -> Self:
        logging.getLogger("modelstream").addHandler(self)
        return self

    def __exit__(self, *exc: object) -> None:
        logging.getLogger("modelstream").removeHandler(self)

    def must_be_none(self) -> None:
        """Nothing was said."""
        must(not self.said, f"modelstream complained: {self.said}")
