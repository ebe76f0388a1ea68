"""Tool calls as lines: put together from their deltas, each shown once, when it is whole."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

from modelstream_terminal.harmless import one_line

if TYPE_CHECKING:
    from modelstream.deltas import ToolCall, ToolCallDelta


class _Draft:
    __slots__ = ("arguments", "name", "shown")

    def __init__(self) -> None:
        self.name = ""
        self.arguments: list[str] = []
        self.shown = False


class Calls:
    """The tool calls of one message."""

    __slots__ = ("_drafts",)

    def __init__(self) -> None:
        self._drafts: dict[int, _Draft] = {}

    def __bool__(self) -> bool:
        return bool(self._drafts)

    def add(self, delta: ToolCallDelta) -> None:
        """Add one piece."""
        draft = self._drafts.setdefault(delta.index, _Draft())
        if delta.name:
            draft.name = delta.name
        if delta.arguments:
            draft.arguments.append(delta.arguments)

    def whole(self, *, but: int | None = None) -> list[str]:
        """The calls that are complete, except the one at index `but`. Each is returned once."""
        return [
            self._line(draft)
            for index, draft in self._drafts.items()
            if index != but and not draft.shown and _is_whole("".join(draft.arguments))
        ]

    def rest(self, final: Iterable[ToolCall], *, complete: bool) -> list[str]:
        """The calls not returned yet, once the message is over. `final` are those of its outcome.

        In a message that is not `complete`, a call that was cut has no closing bracket: `name({"ci…`.
        """
        if not self._drafts:
            return [line_of(call.name, call.arguments) for call in final]
        return [self._line(draft, complete=complete) for draft in self._drafts.values() if not draft.shown]

    def _line(self, draft: _Draft, *, complete: bool = True) -> str:
        draft.shown = True
        arguments = "".join(draft.arguments)
        if complete or _is_whole(arguments):
            return line_of(draft.name, arguments)
        return line_of(draft.name, arguments).removesuffix(")") + "…"


def line_of(name: str, arguments: str) -> str:
    """`name(arguments)`, harmless and on one line."""
    return f"{one_line(name)}({one_line(arguments)})"


def clipped(line: str, cells: int) -> str:
    """The line cut to this many cells of a terminal; wide characters occupy two."""
    if len(line) * 2 <= cells:
        return line
    used = fits = 0
    for end, char in enumerate(line, 1):
        used += 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if used > cells:
            return line[:fits] + "…"
        if used < cells:
            fits = end
    return line


def _is_whole(arguments: str) -> bool:
    """Whether the arguments are complete: a whole JSON object can't be continued."""
    if not arguments.rstrip().endswith("}"):
        return False
    try:
        json.loads(arguments)
    except ValueError:
        return False
    return True
