"""One message on its way to Studio: its items, converted to frames."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from modelstream.deltas import ReasoningDelta, ToolCallDelta, UsageDelta
from modelstream.sinks import coalesce
from modelstream.sinks.base import Outcome
from modelstream.snapshot import Snapshot
from modelstream_studio import frames
from modelstream_studio.sink.plain import as_plain, clipped

if TYPE_CHECKING:
    from modelstream.deltas import Usage
    from modelstream.sinks import SinkItem
    from modelstream.sinks.base import Message

PIECE = 1 << 16
"""Characters in a frame; even with all of them escaped it is within the limit of a line."""


class Lane:
    """Passes the items of one message from the thread that shows it to the one that sends, as frames.

    Every delta goes through `put`: it appends, and notifies the sender if that is idle. `take` coalesces the
    waiting items. While there is no room, text is not lost as long as the message is open: the latest
    snapshot has all of it.
    """

    def __init__(self, message: Message, notify: Callable[[Lane], None]) -> None:
        self.message = message
        self.closed = False
        self._items: list[SinkItem] = []
        self._notify = notify
        self._idle = self._begun = False
        self._first_at: float | None = None
        self._ended_at = 0.0
        self._dated = False
        self._seen = self._sent = 0  # ends of the text: in the snapshots taken, and in the frames
        self._latest: Snapshot | None = None
        self._restarted = False
        self._reasoning_sent = 0
        self._lost = 0
        self._arguments: dict[int, int] = {}  # their lengths, by index

    def put(self, item: SinkItem) -> None:
        """Append an item. Never waits."""
        self._items.append(item)
        if self._first_at is None:
            self._first_at = time.time()
        if self._idle:
            self._idle = False
            self._notify(self)

    def end(self, outcome: Outcome) -> None:
        """Close the message; later items are ignored."""
        if not self.closed:
            self.closed = True
            self._ended_at = time.time()
            self._first_at = self._first_at or 0.0  # there were no items
            self.put(outcome)

    def take(self, *, room: bool) -> Iterator[frames.Frame]:
        """Take the frames since the last call. Without `room`, text is kept for later."""
        self._idle = True  # first, so that later items notify the sender
        items = self._items[:]
        del self._items[: len(items)]
        if not self._begun:
            self._begun = True
            yield self._open()
        for item in coalesce(items):
            convert = _CONVERTERS.get(type(item))
            if convert is not None:
                yield from convert(self, item, room)

    def resend(self) -> list[frames.Frame]:
        """Everything sent so far, for a Studio that has lost it."""
        text = self._latest.source.text_to(self._sent) if self._latest is not None else ""
        return [self._open(), *self._pieces(0, text)]

    def _open(self) -> frames.Open:
        message = self.message
        agent = message.metadata.get("agent_id")
        return frames.Open(
            message=message.id,
            name=message.name,
            at=message.started,
            role=message.role,
            model_type=message.model_type,
            model_name=message.model_name,
            agent=None if agent is None else str(agent),
            metadata=as_plain(message.metadata) or {},
        )

    def _text(self, snapshot: Snapshot, room: bool) -> Iterator[frames.Frame]:
        self._latest = snapshot
        end = snapshot.offset + len(snapshot.delta)
        if snapshot.offset >= self._seen or not snapshot.delta:
            self._seen = max(self._seen, end)
        else:  # the text started over or was changed: send all of it
            self._restarted = self._restarted or self._sent > 0
            self._seen, self._sent = end, 0
        if room:
            yield from self._unsent(snapshot)

    def _unsent(self, snapshot: Snapshot) -> Iterator[frames.Frame]:
        """All text that was seen and not sent, usually the snapshot's delta."""
        text, missing = snapshot.delta, self._seen - self._sent
        if missing != len(text):
            text = snapshot.source.text_to(self._seen)[self._sent :] if missing else ""
        if self._restarted:
            self._restarted = False
            yield frames.Fresh(message=self.message.id, text="")
        yield from self._pieces(self._sent, text)
        self._sent = self._seen

    def _pieces(self, offset: int, text: str) -> Iterator[frames.Frame]:
        for begin in range(0, len(text), PIECE):
            piece = text[begin : begin + PIECE]
            yield frames.Text(message=self.message.id, offset=offset + begin, delta=piece, at=self._at())

    def _at(self) -> float:
        """The time of the first delta, once; later ones need none."""
        dated, self._dated = self._dated, True
        return 0.0 if dated else self._first_at or 0.0

    def _reasoning(self, delta: ReasoningDelta, room: bool) -> Iterator[frames.Frame]:
        text = delta.text
        if not room:
            self._lost += len(text)
            return
        for begin in range(0, len(text), PIECE):
            piece = text[begin : begin + PIECE]
            offset = self._reasoning_sent
            yield frames.Reasoning(message=self.message.id, offset=offset, delta=piece, at=self._at())
            self._reasoning_sent += len(piece)

    def _tool_call(self, delta: ToolCallDelta, room: bool) -> Iterator[frames.Frame]:
        text = delta.arguments if room else ""
        if text or delta.id or delta.name:
            yield from self._call(delta, text)

    def _call(self, first: ToolCallDelta, text: str) -> Iterator[frames.Frame]:
        index = first.index
        for begin in range(0, len(text) or 1, PIECE):
            piece = text[begin : begin + PIECE]
            offset = self._arguments.get(index, 0)
            yield frames.Tool(
                message=self.message.id,
                index=index,
                offset=offset,
                delta=piece,
                id=None if begin else first.id,
                name=None if begin else first.name,
            )
            self._arguments[index] = offset + len(piece)

    def _usage(self, usage: UsageDelta, room: bool) -> Iterator[frames.Frame]:
        yield frames.UsageSoFar(message=self.message.id, usage=_counts(usage))

    def _closed(self, outcome: Outcome, room: bool) -> Iterator[frames.Frame]:
        if room and self._latest is not None:
            yield from self._unsent(self._latest)
        lost = self._lost + self._seen - self._sent
        if lost:
            yield frames.Gap(message=self.message.id, lost=lost)
        yield self._close(outcome)

    def _close(self, outcome: Outcome) -> frames.Close:
        calls = [frames.Call(one.id, one.name, one.arguments) for one in outcome.tool_calls]
        if sum(len(call.arguments) for call in calls) > PIECE:
            calls = []  # the pieces contain everything
        return frames.Close(
            message=self.message.id,
            state=outcome.state,
            at=self._ended_at,
            finish_reason=outcome.finish_reason,
            error=_failure(outcome.error),
            usage=None if outcome.usage is None else _counts(outcome.usage),
            tool_calls=calls,
            first_at=self._first_at or None,
        )


def _counts(usage: Usage) -> frames.Counts:
    return frames.Counts(*msgspec.structs.astuple(usage))


def _failure(error: BaseException | None) -> frames.Failure | None:
    return None if error is None else frames.Failure(type(error).__name__, clipped(str(error)))


_CONVERTERS: dict[type, Callable[[Lane, Any, bool], Iterator[frames.Frame]]] = {
    Snapshot: Lane._text,  # noqa: SLF001
    ReasoningDelta: Lane._reasoning,  # noqa: SLF001
    ToolCallDelta: Lane._tool_call,  # noqa: SLF001
    UsageDelta: Lane._usage,  # noqa: SLF001
    Outcome: Lane._closed,  # noqa: SLF001
}
