"""Pieces of a text: increments, or each time the whole text so far.

DashScope is always asked for increments, but models without support for them send the whole text with every
frame. An answer does not state which it is, so its second piece decides, for the rest of the answer:

* A piece that does not begin with the first one is an increment. So is one that equals it, except in the last
  frame, which either repeats everything or is empty.
* A piece that begins with the first one and continues is the whole text, if the first has three different
  characters: no answer begins like that twice.
* If it has fewer ("1", then "1 is", can be "11 is" or "1 is"), the token counts of the two frames decide. An
  increment that repeats the first piece and continues takes more tokens than the first piece did.

What is misread is a whole text that begins with one or two different characters, in an answer without
token counts, or where the second frame has more tokens than the first: that beginning is then shown twice.
Nothing is held back in order to decide better.
"""

from __future__ import annotations

ENOUGH = 3
"""Different characters by which a beginning is recognized."""


class Pieces:
    """The pieces of one text in the order in which they arrive."""

    __slots__ = ("_cumulative", "_so_far", "_tokens")

    def __init__(self) -> None:
        self._cumulative: bool | None = None
        self._so_far = ""
        self._tokens: int | None = None

    def add(self, piece: str, tokens: int | None = None, *, last: bool = False) -> str:
        """Add a piece and return what is new in it.

        `tokens` is the number of tokens since the last frame, if known; `last` marks the last frame.
        """
        if self._cumulative is False:
            return piece
        before = self._so_far
        if self._cumulative is None and before:
            self._cumulative = self._is_whole(piece, tokens, last=last)
            if not self._cumulative:
                return piece
        if not before:
            self._tokens = tokens
        return self._extend(piece)

    def _is_whole(self, piece: str, tokens: int | None, *, last: bool) -> bool:
        before = self._so_far
        if not piece.startswith(before):
            return False
        if piece == before:
            return last
        if len(set(before)) >= ENOUGH:
            return True
        return tokens is not None and self._tokens is not None and tokens <= self._tokens

    def _extend(self, piece: str) -> str:
        before = self._so_far
        if piece.startswith(before):
            self._so_far = piece
            return piece[len(before) :]
        if before.startswith(piece):
            return ""
        # The end of the text was replaced, such as half a character: what was shown stays.
        self._so_far = piece
        return piece[_common(before, piece) :]


class JsonPieces(Pieces):
    """The pieces of one JSON object: no object begins with itself, so a repeated beginning is the whole."""

    __slots__ = ()

    def _is_whole(self, piece: str, tokens: int | None, *, last: bool) -> bool:
        return self._so_far.startswith("{") and piece.startswith(self._so_far)


def _common(one: str, other: str) -> int:
    """The length of the common beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (first, second) in pairs if first != second), min(len(one), len(other)))
