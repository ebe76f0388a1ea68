"""The deltas of one call in order, and the text that they add up to.

A log holds nothing else: a snapshot that is kept refers to the log, and so keeps neither the call nor its
error alive. Old deltas are folded into blocks, since most are never read individually again.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import TYPE_CHECKING

from modelstream.deltas import Delta

if TYPE_CHECKING:
    from modelstream.call.transcript import Transcript

Item = str | Delta
"""How a delta is stored: text, by far the most common kind, as the bare string."""

BLOCK = 1024


class _Block:
    """A full run of items, folded: its texts are one string, which takes a tenth of the memory."""

    __slots__ = ("lengths", "others", "text")

    def __init__(self, items: list[Item]) -> None:
        self.others: dict[int, Delta] = {}
        try:
            self.text = "".join(items)  # type: ignore[arg-type]
        except TypeError:  # not only text
            self.others = {at: item for at, item in enumerate(items) if not isinstance(item, str)}
            items = [item if type(item) is str else "" for item in items]
            self.text = "".join(items)  # type: ignore[arg-type]
        self.lengths = array("I", map(len, items))  # type: ignore[arg-type]

    def items(self, start: int) -> list[Item]:
        """The items from `start` on, as they were added."""
        begin = sum(self.lengths[:start])
        found: list[Item] = []
        for at in range(start, BLOCK):
            end = begin + self.lengths[at]
            found.append(self.others.get(at) or self.text[begin:end])
            begin = end
        return found

    def text_from(self, start: int) -> str:
        """The text of the items from `start` on."""
        return self.text[sum(self.lengths[:start]) :]


class DeltaLog:
    """The deltas so far; it only grows. One thread adds to `newest` and folds it, any thread reads."""

    __slots__ = ("_blocks", "_memo", "newest")

    def __init__(self) -> None:
        self._blocks: list[_Block] = []
        # The items that are not folded yet, with the position of the first: one tuple, so that a reader
        # in another thread always sees a consistent pair.
        self.newest: tuple[int, list[Item]] = (0, [])
        self._memo: tuple[str, int] = ("", 0)

    def fold(self) -> list[Item]:
        """Fold the newest block, which is full; returns the list for the next one."""
        base, items = self.newest
        self._blocks.append(_Block(items))
        self.newest = (base + BLOCK, [])
        return self.newest[1]

    def block_at(self, position: int) -> tuple[int, list[Item]]:
        """The items from `position` on in the same block, and the position of the first of them.

        The list of the newest block grows while it is being read; it is full at `BLOCK` items.
        """
        base, items = self.newest
        if position >= base:
            return base, items
        return position, self._blocks[position // BLOCK].items(position % BLOCK)

    def text_to(self, end: int) -> str:
        """The first `end` characters of the text, joined once and cached."""
        text = self._memo[0]
        if end > len(text):
            text = self.text
        return text if end == len(text) else text[:end]

    @property
    def text(self) -> str:
        """All text so far."""
        text, position = self._memo
        base, items = self.newest
        pieces = [text]
        while position < base:
            pieces.append(self._blocks[position // BLOCK].text_from(position % BLOCK))
            position += BLOCK - position % BLOCK
        fresh = items[position - base :]
        pieces += [item for item in fresh if type(item) is str]
        text = "".join(pieces)
        # Two readers may join at the same time; either result is correct, and the later one is kept.
        self._memo = (text, position + len(fresh))
        return text


def walk(transcript: Transcript) -> Iterator[Item | int]:
    """Yield every item of the transcript from the first one on, until the call has ended.

    Yields an int when it needs more items: the count that the transcript has to exceed first.
    """
    log = transcript.log
    base, items = log.block_at(0)
    at = 0
    while True:
        if at < len(items):
            yield items[at]
            at += 1
        elif at == BLOCK and log.newest[0] != base:  # else it is full, but not folded yet
            base, items = log.block_at(base + BLOCK)
            at = 0
        elif not transcript.ended:
            yield base + at
        elif at == len(items):
            return
