"""Render a growing text as HTML: every top-level block is rendered once, when it can't change any more.

Rendering the whole text whenever it grows would cost minutes of CPU time for a long answer. Instead, the
block parser of markdown runs over the open tail, and the blocks that it has closed are rendered once.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from modelstream_studio.server import markdown

if TYPE_CHECKING:
    from markdown_it.token import Token

    from modelstream_studio.server.markdown import Env

logger = logging.getLogger("modelstream.studio")

_NEWLINE = re.compile(r"\r\n?|\n")
_BLANK_LINE = re.compile(r"[ \t]*[\r\n]")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
# Beginnings of a line that can't continue a list or a quote above, however the line goes on.
_FREE = re.compile(r"[^\W\d_]|#{1,6} |`[^`]|\*\*")

_CLOSED_BY_ITS_LINE = frozenset({"heading_open", "hr"})
_SMALL = 2000
"""Up to this many characters, the tail is parsed whenever it has grown by a line."""
_GROWTH = 1.3
"""A larger tail is parsed when it has grown by this factor, so that the cost of one giant block is
proportional to its length."""


class Rendering:
    """The HTML of a growing text: `blocks` that are closed, and the source of the open `tail`."""

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.tail = ""
        self._links: Env = {}
        self._settled = 0
        self._again_at = 0

    def add(self, text: str) -> list[str]:
        """Add text; returns the blocks that it has closed."""
        self.tail = self.tail + text if self.tail else text.lstrip("\r\n")
        before, self._settled = self._settled, _settled(self.tail)
        if self._settled <= max(before, self._again_at) or self._within_fence(before):
            return []
        self._again_at = 0 if self._settled < _SMALL else int(self._settled * _GROWTH)
        try:
            end = _closed(self.tail[: self._settled], self._links)
        except Exception:  # the text must be shown even if the parser fails
            logger.exception("a text could not be parsed as markdown")
            end = 0
        return self._close(end) if end else []

    def finish(self) -> list[str]:
        """End the text; returns the blocks that were still open."""
        return self._close(len(self.tail)) if self.tail else []

    def corrected(self, text: str) -> bool:
        """Render the whole text again if links were defined late; whether `blocks` have changed."""
        if not self._links.get("references"):
            return False
        whole = markdown.render(text, {})
        changed = "".join(whole) != "".join(self.blocks)
        self.blocks = whole
        return changed

    def _close(self, end: int) -> list[str]:
        closed = markdown.render(self.tail[:end], self._links)
        self.blocks += closed
        self.tail = self.tail[end:].lstrip("\r\n")  # blank lines between blocks are not shown
        self._settled = self._again_at = 0
        return closed

    def _within_fence(self, before: int) -> bool:
        """Whether the tail is an open code block, decided without the parser."""
        opening = _FENCE.match(self.tail)
        if opening is None:
            return False
        marker = opening[1]
        closing = re.compile(rf"[\r\n] {{0,3}}{re.escape(marker)}{marker[0]}*[ \t]*[\r\n]")
        # Start one line earlier: the text may have been cut within its closing line.
        start = self.tail.rfind("\n", 0, max(before - 1, 0))
        return closing.search(self.tail, max(start, 0)) is None


def _settled(tail: str) -> int:
    """The end of the lines of the tail whose meaning is settled.

    An unfinished line may still continue the list above it, unless its first characters exclude that.
    """
    end = tail.rfind("\n") + 1
    free = _FREE.match(tail, end) if end else None
    return free.end() if free else end


def _closed(source: str, links: Env) -> int:
    """How many characters of the source are blocks that can't change any more."""
    tokens: list[Token] = []
    known: dict[str, Any] = {"references": dict(links.get("references", {}))}
    markdown.parser.block.parse(_NEWLINE.sub("\n", source), markdown.parser, known, tokens)
    tops = [token for token in tokens if token.level == 0 and token.nesting >= 0 and token.map]
    if not tops:
        return 0
    starts = [0, *(match.end() for match in _NEWLINE.finditer(source))]
    first, end = tops[-1].map or (0, 0)
    if end < len(starts) and _is_closed(tops[-1], source[starts[first] : starts[end]], source[starts[end] :]):
        return starts[end]
    return starts[first]


def _is_closed(last: Token, block: str, rest: str) -> bool:
    """Whether the last block is closed, although no other follows. `rest` is the text after it."""
    if last.type == "fence":
        lines = block.rstrip("\r\n").splitlines()
        ending = lines[-1].strip()
        return len(lines) > 1 and len(ending) >= len(last.markup) and set(ending) == {last.markup[0]}
    if last.type in _CLOSED_BY_ITS_LINE:
        return True
    # Indented code may go on after a blank line. So may a list, but the parser counts blank lines as its own.
    return last.type != "code_block" and _BLANK_LINE.match(rest) is not None
