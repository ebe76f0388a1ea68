"""One message on its way to Studio: what the core tells of it, made into frames."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import msgspec

from modelstream.deltas import ReasoningDelta, ToolCallDelta, UsageDelta
from modelstream.sinks.base import Outcome
from modelstream.snapshot import Snapshot
from modelstream_studio import frames
from modelstream_studio.sink.plain import as_plain, clipped

if TYPE_CHECKING:
    from modelstream.deltas import Usage
    from modelstream.sinks.base import Message

PIECE = 1 << 16
"""Characters in a frame: with all of them escaped it is still shorter than a line may be."""


class Lane:
    """Takes news of one message from the thread that tells them, and gives frames to the one that sends.

    `put` is what every delta passes: it appends, and announces the lane if nobody knows yet that there are
    news. `take` joins what is waiting. While there is no room for text nothing of it is lost as long as the
    message is open: the latest snapshot has all of it.
    """

    def __init__(self, message: Message, announce: Callable[[Lane], None]) -> None:
        self.message = message
        self.closed = False
        self._news: list[Any] = []
        self._announce = announce
        self._idle = self._begun = False
        self._first_at: float | None = None
        self._ended_at = 0.0
        self._dated = False
        self._told = self._seen = self._sent = 0  # ends of the text: as told, as seen, as put into frames
        self._latest: Snapshot | None = None
        self._afresh = False
        self._thought = 0
        self._lost = 0
        self._arguments: dict[int, int] = {}  # their lengths, by index

    def put_text(self, snapshot: Snapshot) -> None:
        """There is more text. Never waits."""
        # Where it just goes on, which is nearly always, the text alone is kept: that is half the cost.
        goes_on = snapshot.offset == self._told
        self._told = snapshot.offset + len(snapshot.delta)
        self._latest = snapshot
        self.put(snapshot.delta if goes_on else snapshot)

    def put(self, news: Any) -> None:
        """There is something new. Never waits."""
        self._news.append(news)
        if self._first_at is None:
            self._first_at = time.time()
        if self._idle:
            self._idle = False
            self._announce(self)

    def end(self, outcome: Outcome) -> None:
        """The message is over; what comes later is not taken any more."""
        if not self.closed:
            self.closed = True
            self._ended_at = time.time()
            self._first_at = self._first_at or 0.0  # none came
            self.put(outcome)

    def take(self, *, room: bool) -> Iterator[frames.Frame]:
        """What has come since the last time. Without `room`, text is left for later."""
        self._idle = True  # before: what comes from now on is announced
        news = self._news[:]
        del self._news[: len(news)]
        if not self._begun:
            self._begun = True
            yield self._open()
        for kind, same in groupby(news, type):
            if kind in _MAKERS:
                yield from _MAKERS[kind](self, list(same), room)

    def again(self) -> list[frames.Frame]:
        """All that was put into frames so far, for a Studio that knows nothing of it."""
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

    def _more(self, news: Sequence[str], room: bool) -> Iterator[frames.Frame]:
        text = "".join(news)
        self._seen += len(text)
        if room:
            yield from self._text(text)

    def _elsewhere(self, news: Sequence[Snapshot], room: bool) -> Iterator[frames.Frame]:
        """Snapshots that don't go on where the one before them ended: the last has all of it."""
        for snapshot in news:
            end = snapshot.offset + len(snapshot.delta)
            if snapshot.offset >= self._seen or not snapshot.delta:  # others went by unseen
                self._seen = max(self._seen, end)
            else:
                self._afresh = self._afresh or self._sent > 0
                self._seen, self._sent = end, 0
        if room:
            yield from self._text("")

    def _text(self, text: str) -> Iterator[frames.Frame]:
        """All that was seen and not sent, which as a rule is `text`."""
        if self._seen - self._sent > len(text) and self._latest is not None:
            text = self._latest.source.text_to(self._seen)[self._sent :]
        if self._afresh:
            self._afresh = False
            yield frames.Fresh(message=self.message.id, text="")
        yield from self._pieces(self._sent, text)
        self._sent = self._seen

    def _pieces(self, offset: int, text: str) -> Iterator[frames.Frame]:
        for begin in range(0, len(text), PIECE):
            piece = text[begin : begin + PIECE]
            yield frames.Text(message=self.message.id, offset=offset + begin, delta=piece, at=self._at())

    def _at(self) -> float:
        """When the first delta came, once; later ones need not be dated."""
        dated, self._dated = self._dated, True
        return 0.0 if dated else self._first_at or 0.0

    def _thoughts(self, news: Sequence[ReasoningDelta], room: bool) -> Iterator[frames.Frame]:
        text = "".join([one.text for one in news])
        if not room:
            self._lost += len(text)
            return
        for begin in range(0, len(text), PIECE):
            piece = text[begin : begin + PIECE]
            yield frames.Reasoning(message=self.message.id, offset=self._thought, delta=piece, at=self._at())
            self._thought += len(piece)

    def _calls(self, news: Sequence[ToolCallDelta], room: bool) -> Iterator[frames.Frame]:
        runs: list[list[ToolCallDelta]] = []
        for one in news:
            if runs and one.index == runs[-1][0].index and one.id is None and one.name is None:
                runs[-1].append(one)
            else:
                runs.append([one])
        for run in runs:
            text = "".join([one.arguments for one in run]) if room else ""
            if text or run[0].id or run[0].name:
                yield from self._call(run[0], text)

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

    def _usage(self, news: Sequence[UsageDelta], room: bool) -> Iterator[frames.Frame]:
        usage: Usage = news[0]
        for newer in news[1:]:
            usage = usage.updated(newer)
        yield frames.UsageSoFar(message=self.message.id, usage=_counts(usage))

    def _closed(self, news: Sequence[Outcome], room: bool) -> Iterator[frames.Frame]:
        if room:
            yield from self._text("")
        lost = self._lost + self._seen - self._sent
        if lost:
            yield frames.Gap(message=self.message.id, lost=lost)
        yield self._close(news[0])

    def _close(self, outcome: Outcome) -> frames.Close:
        calls = [frames.Call(one.id, one.name, one.arguments) for one in outcome.tool_calls]
        if sum(len(call.arguments) for call in calls) > PIECE:
            calls = []  # the pieces have told all of it
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


_MAKERS: dict[type, Callable[[Lane, list[Any], bool], Iterator[frames.Frame]]] = {
    str: Lane._more,  # noqa: SLF001
    Snapshot: Lane._elsewhere,  # noqa: SLF001
    ReasoningDelta: Lane._thoughts,  # noqa: SLF001
    ToolCallDelta: Lane._calls,  # noqa: SLF001
    UsageDelta: Lane._usage,  # noqa: SLF001
    Outcome: Lane._closed,  # noqa: SLF001
}
