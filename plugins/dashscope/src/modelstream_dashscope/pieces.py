"""Pieces of a text: increments, or each time the whole text so far.

DashScope is always asked for increments, and models that do not know the word send the whole text with every
frame. An answer does not say which it is, so its second piece decides, once and for good:

* A piece that does not begin with the first one is an increment. So is one that equals it, except in the last
  frame, which says either everything again or nothing.
* A piece that begins with the first one and goes on is the whole text, if the first has three different
  characters: no answer begins like that twice.
* If it has fewer ("1", then "1 is", can be "11 is" or "1 is"), the tokens that were written for either tell.
  An increment that repeats the first piece and goes on takes more of them than the first piece did.

What is misread is a whole text that begins with one or two different characters, in an answer without
token counts, or where the second frame has more tokens than the first: what was shown is then shown again.
Nothing is held back in order to know better.
"""

from __future__ import annotations

ENOUGH = 3
"""Different characters by which a beginning is known again."""


class Pieces:
    """The pieces of one text in the order in which they come."""

    __slots__ = ("_cumulative", "_so_far", "_tokens")

    def __init__(self) -> None:
        self._cumulative: bool | None = None
        self._so_far = ""
        self._tokens: int | None = None

    def news(self, piece: str, tokens: int | None = None, *, last: bool = False) -> str:
        """What `piece` adds. `tokens` were written since the last frame, if that is known."""
        if self._cumulative is False:
            return piece
        before = self._so_far
        if self._cumulative is None and before:
            self._cumulative = self._is_whole(piece, tokens, last=last)
            if not self._cumulative:
                return piece
        if not before:
            self._tokens = tokens
        return self._extended(piece)

    def _is_whole(self, piece: str, tokens: int | None, *, last: bool) -> bool:
        before = self._so_far
        if not piece.startswith(before):
            return False
        if piece == before:
            return last
        if len(set(before)) >= ENOUGH:
            return True
        return tokens is not None and self._tokens is not None and tokens <= self._tokens

    def _extended(self, piece: str) -> str:
        before = self._so_far
        if piece.startswith(before):
            self._so_far = piece
            return piece[len(before) :]
        if before.startswith(piece):
            return ""
        # A text that was changed at its end, such as half a character: what was shown stays.
        self._so_far = piece
        return piece[_same(before, piece) :]


class JsonPieces(Pieces):
    """The pieces of one JSON object: no object has its own beginning for its first member."""

    __slots__ = ()

    def _is_whole(self, piece: str, tokens: int | None, *, last: bool) -> bool:
        return self._so_far.startswith("{") and piece.startswith(self._so_far)


def _same(one: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (first, second) in pairs if first != second), min(len(one), len(other)))
