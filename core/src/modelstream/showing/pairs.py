"""Converts third-party pairs `(last, text so far)` to snapshots that sinks can rely on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelstream.errors import TruncatedStreamError
from modelstream.snapshot import Snapshot

if TYPE_CHECKING:
    from modelstream.deltas import Usage

_EXPECTED = "a stream to show yields pairs (last, text so far), such as (False, 'Hel')"


class PairReader:
    """Accepts the items of one stream and returns the new text of each as snapshots.

    Text that does not extend the previous one starts over (`offset` 0). Items after the first `last=True` are
    ignored. `count` is the number of items so far, `finished` whether the last one was received.
    """

    usage: Usage | None = None

    def __init__(self) -> None:
        self.count = 0
        self.finished = False
        self._source: Any = _Text("")
        self._end = 0

    @property
    def text(self) -> str:
        """The text so far."""
        text: str = self._source.text_to(self._end)
        return text

    def take(self, item: Any) -> list[Snapshot]:
        """The snapshots to show for this item. Raises `TypeError` for one that is not a pair."""
        if self.finished:
            return []
        self.count += 1
        if type(item) is Snapshot and self._continues(item):
            self._source = item.source
            self._end += len(item.delta)
            self.finished = item.last
            return [item]
        return self._compared(*_checked(item))

    def truncated(self) -> TruncatedStreamError:
        """The error for a stream that ended without a `last=True`."""
        error = TruncatedStreamError("the stream ended without a pair (True, text): the text is not complete")
        error.attach_call(self)
        return error

    def _continues(self, item: Snapshot) -> bool:
        # A snapshot that continues the same text: no need to compare texts.
        known = item.source is self._source or not self._end
        return known and item.offset == self._end and bool(item.delta) != item.last

    def _compared(self, last: bool, text: str) -> list[Snapshot]:
        shown = self.text
        extends = text.startswith(shown)
        if extends and isinstance(self._source, _Text):
            self._source.text = text
        else:
            self._source = _Text(text)
        begin = len(shown) if extends else 0
        self._end = len(text)
        new = [Snapshot(text[begin:], False, begin, self._source)] if len(text) > begin else []  # noqa: FBT003
        if last:
            self.finished = True
            new.append(Snapshot("", True, self._end, self._source))  # noqa: FBT003
        return new


class _Text:
    """A growing text, as the source of snapshots."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def text_to(self, end: int) -> str:
        return self.text if end == len(self.text) else self.text[:end]


def _checked(item: Any) -> tuple[bool, str]:
    if isinstance(item, str):
        raise TypeError(f"{_EXPECTED}; it yielded the str {item!r:.60} alone.")
    try:
        last, text = item
    except (TypeError, ValueError):
        raise TypeError(f"{_EXPECTED}; it yielded {item!r:.60}.") from None
    if not isinstance(text, str):
        raise TypeError(f"{_EXPECTED}; it yielded {item!r:.60}, with a text of type {type(text).__name__}.")
    return bool(last), text
