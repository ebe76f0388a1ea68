"""Plays one message to a sink, with the same calls as the core."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from modelstream.deltas import ReasoningDelta, TextDelta, ToolCallDelta
from modelstream.errors import ConnectionLostError
from modelstream.sinks.base import Message, Outcome, StreamSink
from modelstream.snapshot import Snapshot
from modelstream.testing._kit.script import Script

if TYPE_CHECKING:
    from modelstream.deltas import Delta

COMPLETE = Outcome("complete", "stop")
FAILED = Outcome("failed", error=ConnectionLostError("the connection was lost"))
CANCELLED = Outcome("cancelled")


class _Text:
    """The text that the snapshots of a message refer to."""

    def __init__(self) -> None:
        self.text = ""

    def text_to(self, end: int) -> str:
        return self.text[:end]


class SinkPlayer:
    """Plays `script` to `sink`, call by call. `text` is the text that was sent so far."""

    def __init__(self, sink: StreamSink, script: Script, name: str = "A1") -> None:
        self.message = Message(name, id=f"message-{name}-{id(self):x}")
        self._sink = sink
        self._script = script
        self._source = _Text()

    @property
    def text(self) -> str:
        """The text so far."""
        return self._source.text

    def play(self, outcome: Outcome = COMPLETE) -> None:
        """Open the message, send all of it, and close it with `outcome`."""
        for _ in self.steps(outcome):
            pass

    def steps(self, outcome: Outcome = COMPLETE) -> Iterator[None]:
        """Do the same, and yield after each call."""
        self._sink.open(self.message)
        yield
        for delta in self._script.deltas:
            self.send(delta)
            yield
        if outcome.state == "complete":
            end = len(self._source.text)
            self._sink.write(self.message, Snapshot("", True, end, self._source))  # noqa: FBT003
            yield
        self._sink.close(self.message, outcome)

    def send(self, delta: Delta) -> None:
        """Send one delta."""
        if not isinstance(delta, TextDelta):
            self._sink.write_delta(self.message, delta)
        elif delta.text:
            offset = len(self._source.text)
            self._source.text += delta.text
            self._sink.write(self.message, Snapshot(delta.text, False, offset, self._source))  # noqa: FBT003

    def replace_text(self) -> None:
        """Make the next text replace the text so far."""
        self._source = _Text()


def joined(script: Script, cuts: frozenset[int]) -> Script:
    """The same script with fewer deltas: adjacent deltas of a kind are joined, except at these indexes."""
    deltas: list[Delta] = []
    for number, delta in enumerate(script.deltas):
        last = deltas[-1] if deltas and number not in cuts else None
        if isinstance(delta, TextDelta) and isinstance(last, TextDelta):
            deltas[-1] = TextDelta(last.text + delta.text)
        elif isinstance(delta, ReasoningDelta) and isinstance(last, ReasoningDelta):
            deltas[-1] = ReasoningDelta(last.text + delta.text)
        elif isinstance(delta, ToolCallDelta) and isinstance(last, ToolCallDelta) and delta.name is None:
            arguments = last.arguments + delta.arguments
            deltas[-1] = ToolCallDelta(last.index, last.id, last.name, arguments)
        else:
            deltas.append(delta)
    return Script(deltas, script.finish, script.usage)
