"""A message that is being written: its text, what browsers and the store lack, and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from modelstream_studio.frames import Call, Close, Counts, Gap, Reasoning, Text, Tool
from modelstream_studio.server import limits
from modelstream_studio.server.rendering import Rendering
from modelstream_studio.server.views import (
    EndOp,
    FreshOp,
    GapOp,
    Message,
    MessageState,
    Op,
    ReasoningOp,
    TextOp,
    ToolCall,
    ToolOp,
)

if TYPE_CHECKING:
    from modelstream_studio.server.store import Statement

Piece = tuple[str, str]
"""A kind (text, reasoning, tool, usage, gap, first_at) and its data."""

_encode = msgspec.json.Encoder()
_decode_tool = msgspec.json.Decoder(ToolCall)
_decode_usage = msgspec.json.Decoder(Counts)


class LiveMessage:
    """A message of a producer. `view` has all its fields except those that grow.

    Changes are collected and passed on once per tick (`flush`): as ops for browsers, as statements for the
    store.
    """

    def __init__(self, key: int, producer: str, view: Message) -> None:
        self.key = key
        self.producer = producer
        self.view = view
        self.shift = 0
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._reasoning_length = 0
        self._calls: dict[int, ToolCall] = {}
        self._rendering = Rendering()
        self._new_text: list[str] = []
        self._new_reasoning: list[str] = []
        self._new_calls: dict[int, ToolCall] = {}
        self._new_usage = False
        self._first_at_stored = False
        self._fresh = False
        self._lost = 0

    @property
    def text(self) -> str:
        """The whole text."""
        return _joined(self._text)

    @property
    def live(self) -> bool:
        """Whether it is still being written."""
        return self.view.state == "live"

    def add_text(self, frame: Text) -> None:
        """Add text at the producer's offset: known text is skipped, missing text is counted."""
        delta = _beyond(frame.delta, frame.offset, self.view.text_length + self.shift)
        if frame.offset > self.view.text_length + self.shift:
            self.add_gap(Gap(frame.message, frame.offset - self.view.text_length - self.shift))
        self.view.first_at = self.view.first_at or frame.at or None
        fits = delta[: max(limits.TEXT - self.view.text_length, 0)]
        self._append(fits)
        if len(fits) < len(delta):
            self._lose(len(delta) - len(fits))

    def add_gap(self, frame: Gap) -> None:
        """Note where text is missing that was dropped."""
        note = f"\n\n[… {frame.lost} characters did not arrive …]\n\n"
        self._lose(frame.lost)
        self._append(note)
        self.shift -= len(note)

    def replace_text(self, text: str) -> None:
        """Replace the text."""
        self._fresh = True
        self._rendering = Rendering()
        self._text, self._new_text = [], []
        self.view.text_length = self.shift = 0
        self._append(text[: limits.TEXT])

    def add_reasoning(self, frame: Reasoning) -> None:
        """Add reasoning at the producer's offset."""
        known = self._reasoning_length
        delta = _beyond(frame.delta, frame.offset, known)[: max(limits.TEXT - known, 0)]
        self.view.first_at = self.view.first_at or frame.at or None
        if delta:
            self._reasoning.append(delta)
            self._reasoning_length += len(delta)
            self._new_reasoning.append(delta)

    def add_tool(self, frame: Tool) -> None:
        """Add a piece of a tool call."""
        if frame.index not in self._calls and len(self._calls) >= limits.TOOL_CALLS:
            return
        call = self._calls.setdefault(frame.index, ToolCall(frame.index))
        room = max(limits.ARGUMENTS - len(call.arguments), 0)
        delta = _beyond(frame.delta, frame.offset, len(call.arguments))[:room]
        piece = ToolCall(frame.index, frame.id, _cut(frame.name), delta)
        _extend(call, piece)
        _extend(self._new_calls.setdefault(frame.index, ToolCall(frame.index)), piece)

    def set_usage(self, usage: Counts) -> None:
        """Set the token counts so far. Browsers get them with the run's, and at the end."""
        self.view.usage = usage
        self._new_usage = True

    def flush(self, ops: list[Op], statements: list[Statement]) -> None:
        """Pass on what is new."""
        m = self.view.id
        if self._fresh:
            ops.append(FreshOp(m))
            statements.append(("DELETE FROM pieces WHERE message=? AND kind='text'", (self.key,)))
            statements.append(("UPDATE messages SET text='' WHERE key=?", (self.key,)))
        if self._lost:
            ops.append(GapOp(m, self._lost))
            statements.append(self._piece("gap", str(self._lost)))
            statements.append(("UPDATE messages SET shift=? WHERE key=?", (self.shift, self.key)))
        if self._new_text:
            self._flush_text(ops, statements)
        if self._new_reasoning:
            delta = _joined(self._new_reasoning)
            ops.append(ReasoningOp(m, delta))
            statements.append(self._piece("reasoning", delta))
        for call in self._new_calls.values():
            ops.append(ToolOp(m, call.i, call.id, call.name, call.arguments))
            statements.append(self._piece("tool", _encode.encode(call).decode()))
        if self._new_usage:
            statements.append(self._piece("usage", _encode.encode(self.view.usage).decode()))
        if self.view.first_at is not None and not self._first_at_stored:
            statements.append(self._piece("first_at", repr(self.view.first_at)))
            self._first_at_stored = True
        self._fresh, self._lost, self._new_usage = False, 0, False
        self._new_text, self._new_reasoning, self._new_calls = [], [], {}

    def end(self, frame: Close) -> None:
        """Set how the message ended, as the producer reported it; `finish` passes it on."""
        view = self.view
        view.state = frame.state
        view.ended = frame.at
        view.finish_reason = _cut(frame.finish_reason)
        view.error = frame.error
        if frame.error is not None:
            view.error = msgspec.structs.replace(
                frame.error,
                type=frame.error.type[: limits.NAME],
                message=frame.error.message[: limits.PROMPT],
            )
        view.usage = frame.usage or view.usage
        view.first_at = frame.first_at or view.first_at
        if frame.tool_calls:
            self._calls = dict(enumerate(map(_whole, range(limits.TOOL_CALLS), frame.tool_calls)))

    def cut(self, at: float) -> None:
        """Mark the message as cut: the producer was lost before it reported an end."""
        self.view.state = "cut"
        self.view.ended = at

    def finish(self, ops: list[Op], statements: list[Statement]) -> None:
        """Pass on the new content and the end; one row remains in the store."""
        self.flush(ops, statements)
        rest = self._rendering.finish()
        if rest:
            ops.append(TextOp(self.view.id, rest, tail=""))
        changed = self._rendering.corrected(self.text)
        whole = self.snapshot()
        ops.append(EndOp(whole if changed else msgspec.structs.replace(whole, blocks=None)))
        statements.append(
            (
                "UPDATE messages SET state=?, view=?, text=?, shift=? WHERE key=?",
                (self.view.state, _encode.encode(whole).decode(), self.text, self.shift, self.key),
            )
        )
        statements.append(("DELETE FROM pieces WHERE message=?", (self.key,)))

    def snapshot(self) -> Message:
        """The current message, after a flush."""
        return msgspec.structs.replace(
            self.view,
            blocks=list(self._rendering.blocks),
            tail=self._rendering.tail,
            reasoning=_joined(self._reasoning),
            tool_calls=[msgspec.structs.replace(call) for call in self._calls.values()],
        )

    def begin_statements(self) -> list[Statement]:
        """The statements that create its row, or reset it."""
        row = (self.key, self.view.run, self.view.id, self.producer, _encode.encode(self.view).decode())
        return [
            ("INSERT OR REPLACE INTO messages VALUES(?, ?, ?, ?, 'live', ?, '', 0)", row),
            ("DELETE FROM pieces WHERE message=?", (self.key,)),
        ]

    def revive_statement(self) -> Statement:
        """The statement that marks its row as live again."""
        return ("UPDATE messages SET state='live' WHERE key=?", (self.key,))

    def restore(self, text: str, shift: int, pieces: list[Piece]) -> None:
        """Restore the stored state. Nothing of it counts as new."""
        view = self.view
        self._text = [text, *(data for kind, data in pieces if kind == "text")]
        self._reasoning = [view.reasoning, *(data for kind, data in pieces if kind == "reasoning")]
        self._reasoning_length = len(_joined(self._reasoning))
        self._calls = {call.i: call for call in view.tool_calls}
        state: MessageState = "live"
        self.view = msgspec.structs.replace(
            view, state=state, ended=None, blocks=None, tail="", reasoning="", tool_calls=[]
        )
        for kind, data in pieces:
            if kind == "tool":
                piece = _decode_tool.decode(data)
                _extend(self._calls.setdefault(piece.i, ToolCall(piece.i)), piece)
            elif kind == "usage":
                self.view.usage = _decode_usage.decode(data)
            elif kind == "gap":
                self.view.gap += int(data)
            elif kind == "first_at":
                self.view.first_at = float(data)
        self._first_at_stored = self.view.first_at is not None
        self.view.text_length = len(self.text)
        self.shift = shift
        self._rendering.add(self.text)

    def _append(self, text: str) -> None:
        if text:
            self._text.append(text)
            self._new_text.append(text)
            self.view.text_length += len(text)

    def _lose(self, count: int) -> None:
        self._lost += count
        self.view.gap += count
        self.shift += count

    def _flush_text(self, ops: list[Op], statements: list[Statement]) -> None:
        text = _joined(self._new_text)
        before = self._rendering.tail
        closed = self._rendering.add(text)
        if closed or not before:
            ops.append(TextOp(self.view.id, closed, tail=self._rendering.tail))
        else:
            ops.append(TextOp(self.view.id, more=text))
        statements.append(self._piece("text", text))

    def _piece(self, kind: str, data: str) -> Statement:
        return ("INSERT INTO pieces(message, kind, data) VALUES(?, ?, ?)", (self.key, kind, data))


def _joined(parts: list[str]) -> str:
    """The text of the parts, which become one part."""
    if len(parts) != 1:
        parts[:] = ["".join(parts)]
    return parts[0]


def _beyond(delta: str, offset: int, known: int) -> str:
    """The part of the delta at `offset` that is beyond the first `known` characters."""
    return delta[max(known - offset, 0) :]


def _extend(call: ToolCall, piece: ToolCall) -> None:
    call.id = piece.id or call.id
    call.name = piece.name or call.name
    call.arguments += piece.arguments


def _whole(index: int, call: Call) -> ToolCall:
    return ToolCall(
        index, call.id[: limits.NAME], call.name[: limits.NAME], call.arguments[: limits.ARGUMENTS]
    )


def _cut(name: str | None) -> str | None:
    return name and name[: limits.NAME]
