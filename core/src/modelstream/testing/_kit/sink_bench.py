"""The test bench of a sink: called by the kit as the core calls it, or by the core, among other sinks."""

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
    from modelstream.testing._kit.sink_player import SinkPlayer
    from modelstream.testing.sink_conformance import SinkConformance

MOST_SHOWN = 40
"""Calls that the report of a broken law shows."""

LIMIT = 10.0
"""Seconds after which a step with a sink counts as hanging."""


@dataclass(frozen=True)
class SinkFeatures:
    """What the kit can inspect of a sink."""

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
    """A sink under test. `report()` has the calls to the sink that was created last."""

    report_title = "the calls to the sink"

    def __init__(self, of: SinkConformance, way: str) -> None:
        self.way: Any = WAYS[way]
        self._of = of
        self._calls: list[tuple[str, tuple[Any, ...]]] = []

    def report(self) -> list[str]:
        """The calls, in order."""
        shown = self._calls[:MOST_SHOWN]
        calls = [f"{method}({', '.join(map(_shown, arguments))})" for method, arguments in shown]
        more = len(self._calls) - MOST_SHOWN
        return [*calls, f"… and {more} more calls"] if more > 0 else calls

    def make(self) -> StreamSink:
        """A new sink whose calls are recorded."""
        sink = self._of.make()
        self._calls = []
        for method in ("open", "write", "write_delta", "close", "shutdown"):
            _record_calls(sink, method, self._calls)
        return sink

    def within(self, work: Callable[[], None]) -> None:
        """Run `work` in a thread and raise what it raises; a sink that hangs breaks the law."""
        working = in_thread(work)
        try:
            working.result(LIMIT)
        except TimeoutError:
            must(working.done(), f"the sink still hangs after {LIMIT:g} s")
            raise
        except (SystemExit, KeyboardInterrupt) as error:
            raise LawBrokenError(f"the sink raised {error!r}") from error

    def shut_down(self, sink: StreamSink) -> None:
        """Shut down a sink that the kit has called."""
        self.within(sink.shutdown)

    def end(self, sink: StreamSink) -> None:
        """Shut down a sink that the core has called, after its queue is delivered."""
        over = threading.Event()
        delivery_of(sink).end(over.set)
        must(over.wait(LIMIT), f"the sink was not shut down within {LIMIT:g} s")

    def shows(self, sink: StreamSink, player: SinkPlayer) -> None:
        """Check that the sink shows the text of the message."""
        self.shows_text(sink, player.message, player.text)

    def shows_text(self, sink: StreamSink, message: Message, text: str) -> None:
        """Check that the sink shows this text for the message, if the kit can inspect it."""
        if self._of.features().shown:
            same(self._of.shown(sink, message), self._of.looks(text), "the text that is shown")

    def ended(self, sink: StreamSink, message: Message) -> None:
        """Check that the sink shows the end of the message once, if the kit can inspect it."""
        if self._of.features().ends:
            same(self._of.ends(sink, message), 1, "how often the end of the message is shown")

    def closed_once(self, sink: StreamSink, message: Message) -> None:
        """Check that the message was closed once."""
        found: Counter[str] = sink.__dict__["_conformance_closed"]
        same(found[message.id], 1, "how often the message was closed")


def _record_calls(sink: StreamSink, method: str, calls: list[tuple[str, tuple[Any, ...]]]) -> None:
    original = getattr(sink, method)
    closed: Counter[str] = sink.__dict__.setdefault("_conformance_closed", Counter())

    def recording(*arguments: Any) -> Any:
        calls.append((method, arguments))
        if method == "close":
            closed[arguments[0].id] += 1
        return original(*arguments)

    # The delivery rejects coroutine functions, so the wrapper must not hide one.
    if not asyncio.iscoroutinefunction(original):
        sink.__dict__[method] = recording


def _shown(argument: object, limit: int = 200) -> str:
    if isinstance(argument, Snapshot):
        text = f"{argument.delta!r} at {argument.offset}{', last' if argument.last else ''}"
    else:
        text = repr(argument)
    return text if len(text) <= limit else f"{text[:limit]}…"


class RecordingSink(StreamSink):
    """A sink next to the one under test: records its calls, and calls `callback` with each snapshot."""

    sink_type = "recording"
    delivery = "inline"

    def __init__(self, callback: Callable[[Message, Snapshot], None] | None = None) -> None:
        self.text = ""
        self.deltas: list[Delta] = []
        self.outcomes: list[Outcome] = []
        self._callback = callback

    def write(self, message: Message, snapshot: Snapshot) -> None:
        """Record the text."""
        self.text = self.text[: snapshot.offset] + snapshot.delta
        if self._callback is not None:
            self._callback(message, snapshot)

    def write_delta(self, message: Message, delta: Delta) -> None:
        """Record the delta."""
        self.deltas.append(delta)

    def close(self, message: Message, outcome: Outcome) -> None:
        """Record the outcome."""
        self.outcomes.append(outcome)


class LoggedWarnings(logging.Handler):
    """A context manager that records what modelstream logs about sinks."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Record the message."""
        self.messages.append(record.getMessage())

    def __enter__(self) -> Self:
        logging.getLogger("modelstream").addHandler(self)
        return self

    def __exit__(self, *exc: object) -> None:
        logging.getLogger("modelstream").removeHandler(self)

    def must_be_none(self) -> None:
        """Check that nothing was logged."""
        must(not self.messages, f"modelstream logged {self.messages}")
