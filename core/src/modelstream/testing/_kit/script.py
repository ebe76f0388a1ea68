"""The content of one answer: created by the kit, written in the provider's format by a `Wire`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from modelstream.call.surrogates import SurrogateJoiner
from modelstream.call.tool_calls import ToolCalls
from modelstream.deltas import (
    Delta,
    Finish,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
    UsageDelta,
)


class Script:
    """One answer: `deltas` in order, then the `finish` that completes it, with the call's `usage`.

    `text`, `reasoning` and `tool_calls` are what a reader must have at the end.
    """

    def __init__(
        self,
        deltas: Sequence[Delta] = (),
        finish: Finish | None = None,
        usage: Usage | None = None,
    ) -> None:
        self.deltas = tuple(deltas)
        self.finish = finish or Finish("stop")
        self.usage = usage

    @cached_property
    def text(self) -> str:
        """The whole text, with surrogates joined."""
        return text_of(self.deltas, ended=True)

    @cached_property
    def reasoning(self) -> str:
        """The whole reasoning."""
        pieces = (delta.text for delta in self.deltas if isinstance(delta, ReasoningDelta))
        return join_pieces(pieces, ended=False)

    @cached_property
    def tool_calls(self) -> list[ToolCall]:
        """The complete tool calls."""
        calls = ToolCalls()
        for delta in self.deltas:
            if isinstance(delta, ToolCallDelta):
                calls.add(delta, delta.arguments)
        return calls.whole(ended=True)

    def with_raw_finish(self, finishes: Mapping[str, str]) -> Script:
        """The same answer, with the provider's own finish reason as `Finish.raw`."""
        return Script(self.deltas, Finish(self.finish.reason, finishes[self.finish.reason]), self.usage)

    def first(self, count: int) -> Script:
        """The same answer, with only its first `count` deltas."""
        return Script(self.deltas[:count], self.finish, self.usage)

    def __repr__(self) -> str:
        sent = ", ".join(map(_shown, self.deltas))
        return f"Script([{sent}], {self.finish!r}, {self.usage!r})"


def text_of(deltas: Sequence[Delta], *, ended: bool) -> str:
    """The text that a reader has after these deltas.

    A high surrogate waits for its low one; if it is still alone when the answer has `ended`, it is U+FFFD.
    """
    return join_pieces((delta.text for delta in deltas if isinstance(delta, TextDelta)), ended=ended)


def usage_of(deltas: Sequence[Delta]) -> Usage | None:
    """The token counts after these deltas."""
    known = None
    for delta in deltas:
        if isinstance(delta, UsageDelta):
            known = (known or Usage()).updated(delta)
    return known


def join_pieces(pieces: Iterable[str], *, ended: bool) -> str:
    """Join texts that may be split inside a character."""
    joiner = SurrogateJoiner()
    whole = "".join(joiner.feed(piece) for piece in pieces)
    return whole + "\ufffd" if ended and joiner.holds else whole


def _shown(delta: Delta, limit: int = 200) -> str:
    text = repr(delta)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
