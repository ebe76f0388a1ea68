"""Find the tool call that a piece belongs to."""

from __future__ import annotations


class ToolIndexes:
    """The calls of one answer, numbered in the order in which they begin.

    OpenAI sends the index of the call with every piece. Others omit the index, send null, or send the same
    one for all calls; then the id or a name shows where a call begins.
    """

    __slots__ = ("_by_id", "_by_index", "_count", "_last")

    def __init__(self) -> None:
        self._count = 0
        self._last: int | None = None
        self._by_index: dict[int, int] = {}
        self._by_id: dict[str, int] = {}

    def place(self, index: int | None, call_id: str | None, name: str | None) -> tuple[int, bool]:
        """The number of the call that this piece belongs to, and whether it begins with this piece."""
        known = self._known(index, call_id, name)
        new = known is None
        number = self._count if known is None else known
        if new:
            self._count += 1
        if index is not None:
            self._by_index[index] = number
        if call_id:
            self._by_id.setdefault(call_id, number)
        self._last = number
        return number, new

    def _known(self, index: int | None, call_id: str | None, name: str | None) -> int | None:
        begins = bool(call_id and name) and call_id not in self._by_id
        if index is not None:
            # A new id and a name begin a new call, whatever the index is.
            return None if begins else self._by_index.get(index)
        if call_id in self._by_id:
            return self._by_id[call_id or ""]
        return None if name else self._last
