"""Pieces of a text: increments, or each time the whole text so far.

DashScope is always asked for increments, but some models send the whole text with every frame, and an answer
does not state which it is. All its texts (content, reasoning, arguments) are sent in the same way, so one
decision holds for all of them.

A first piece is shown at once. While every piece begins with the one before, both readings are possible. What
they have in common is shown, and the rest waits. The first of these rules that applies decides:

1. A piece that does not begin with the one before is an increment, and so is an empty one: in the whole text
   there would be something. (U+FFFD at the end of a piece stands for half a character, and is ignored.)
2. A piece that equals the one before is the whole text if it has no new tokens, or, in the last frame, fewer
   than the one before or none known; otherwise an increment. After a longer piece it decides nothing yet,
   unless the token counts are in proportion (rule 4), or nothing is known and the pieces repeat the first.
3. A second piece that is longer decides nothing, unless it is in the last frame, or is the whole text beyond
   doubt: at least twice as long without more tokens, and not a repetition of the first.
4. From the third piece on, token counts in exact proportion to the lengths of the increments, or of what is
   new in whole texts, decide.
5. If the counts do not rise from piece to piece, they are whole texts: an increment that repeats the one
   before and continues takes more tokens.
6. If the pieces are repetitions of the first one ("-", "--", "---"), the counts decide by their fit.
   Without counts nothing is decided until a piece breaks the pattern; in the end they are increments, as
   requested.
7. Otherwise, and after a hundred pieces, they are whole texts: no text repeats itself so.

A piece beside which the frame has a text that comes later (reasoning beside content) is the whole text if it
equals the one before. Whole texts that prove to be increments after all are completed, if they repeat
themselves: then what was shown is the beginning of the pieces joined.

What can be misread is, for rules 5 to 7, a text in increments of which three in a row begin with the one
before, and which are no repetitions; for rule 2, an answer of two equal pieces without counts.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from os.path import commonprefix
from typing import NamedTuple

LONGEST = 100
"""Pieces of which each begins with the one before, after which they are whole texts in any case."""

HALF = "\ufffd"
"""What stands at the end of a piece for a character whose other bytes have not arrived."""


class Mode:
    """How the texts of one answer are sent; `is_whole` is None until that is known."""

    __slots__ = ("is_whole",)

    def __init__(self) -> None:
        self.is_whole: bool | None = None


class _Piece(NamedTuple):
    text: str
    tokens: int | None


class Pieces:
    """The pieces of one text in the order in which they arrive."""

    __slots__ = ("_chain", "_joined", "_mode", "_shown", "_so_far")

    def __init__(self, mode: Mode | None = None) -> None:
        self._mode = mode or Mode()
        # The pieces until the decision, and the number of characters of the text that were shown.
        self._chain: list[_Piece] = []
        self._shown = 0
        # The whole text, if that is what the pieces are.
        self._so_far = ""
        # All of its pieces, as long as they could still be increments: they begin with the whole text.
        self._joined: str | None = None

    def add(self, piece: str, tokens: int | None = None, *, last: bool = False, is_over: bool = False) -> str:
        """Add a piece and return what is new in it.

        `tokens` is the number of tokens since the last frame, if known; `last` marks the last frame.
        `is_over` tells that the frame has a text that comes after this one.
        """
        mode = self._mode
        if not self._chain:
            if mode.is_whole is False:
                return piece
            if mode.is_whole:
                return self._extend(piece, tokens)
            if piece:
                self._chain.append(_Piece(piece, tokens))
                self._shown = len(piece)
            return piece
        if mode.is_whole is None:
            is_repeated = is_over and piece == self._chain[-1].text
            mode.is_whole = is_repeated or self._judge(_Piece(piece, tokens), last=last)
        if piece:
            self._chain.append(_Piece(piece, tokens))
        return self._show()

    @property
    def waits(self) -> bool:
        """Whether a piece was not shown, or not completely."""
        return len(self._chain) > 1

    def end(self, *, cut: bool = False) -> str:
        """What was not shown yet, at the end of the answer; `cut` if it has none.

        The last of two pieces is then no last frame: without counts they are increments, as requested.
        """
        chain = self._chain
        if not chain:
            return ""
        if self._mode.is_whole is None and len(chain) > 1:
            unknown = cut and len(chain) == 2 and not _are_counted(chain)
            self._mode.is_whole = not unknown and bool(self._judge_longer(chain, last=True))
        return self._show()

    def _show(self) -> str:
        """What is new in the text: as far as both readings agree, or all of it after the decision."""
        whole, joined = self._chain[-1].text, "".join(piece.text for piece in self._chain)
        is_whole = self._mode.is_whole
        if is_whole is None:
            text = _common(whole, joined)
        else:
            text = whole if is_whole else joined
            self._so_far = whole
            self._chain = []
            if is_whole:
                self._keep(joined)
        # In a whole text, the end of what was shown may have been replaced.
        start = len(_common(joined[: self._shown], text))
        self._shown = max(self._shown, len(text))
        return text[start:]

    def _judge(self, piece: _Piece, *, last: bool) -> bool | None:
        before = self._chain[-1].text
        if not piece.text or not piece.text.startswith(before.rstrip(HALF) or before):
            return False
        if piece.text == before:
            return self._judge_equal(piece, last=last)
        return self._judge_longer([*self._chain, piece], last=last)

    def _judge_equal(self, piece: _Piece, *, last: bool) -> bool | None:
        """Rule 2."""
        chain = [*self._chain, piece]
        if _are_counted(chain):
            if not piece.tokens:
                return True
            if last:
                return piece.tokens < (self._chain[-1].tokens or 0)
            return False if len(chain) == 2 or _are_proportional(chain) else None
        if last:
            return True
        return False if len(chain) == 2 or _is_repetition(chain) else None

    def _judge_longer(self, chain: list[_Piece], *, last: bool) -> bool | None:
        """Rules 3 to 7."""
        counted = _are_counted(chain)
        if len(chain) < 3 and not last:
            return True if counted and _is_whole_beyond_doubt(*chain) else None
        if counted:
            as_increments, as_wholes = _are_proportional(chain), _are_proportional(_differences(chain))
            if as_increments != as_wholes:
                return as_wholes
            if not _do_rise(chain):
                return True
        if not _is_repetition(chain) or len(chain) > LONGEST:
            return True
        if counted:
            return _misfit(_differences(chain)) < _misfit(chain)
        return False if last else None

    def _extend(self, piece: str, tokens: int | None) -> str:
        before, joined = self._so_far, self._joined
        if piece.startswith(before):
            self._so_far = piece
            # Without new tokens it is the whole text beyond doubt.
            self._keep(None if joined is None or tokens == 0 else joined + piece)
            return piece[len(before) :]
        if before.startswith(piece) and (joined is None or not piece or not tokens):
            return ""
        common = len(_common(before, piece))
        is_replaced = joined is None or HALF in before[common:]
        if common + 4 < len(before) or not is_replaced:
            # Not the text again: the pieces were increments after all.
            self._mode.is_whole = False
            return piece if joined is None else joined[len(before) :] + piece
        # The end of the text was replaced, such as half a character: what was shown stays.
        self._so_far, self._joined = piece, None
        return piece[common:]

    def _keep(self, joined: str | None) -> None:
        """Keep the pieces joined, if they begin with the whole text, and are not much longer."""
        whole = self._so_far
        is_short = joined is not None and len(joined) <= LONGEST * len(whole)
        self._joined = joined if joined is not None and is_short and joined.startswith(whole) else None


class JsonPieces(Pieces):
    """The pieces of one JSON object. They are whole texts if they can't be joined to the beginning of one."""

    __slots__ = ()

    def _judge(self, piece: _Piece, *, last: bool) -> bool | None:
        before = self._chain[-1].text
        if not piece.text or not before.lstrip().startswith("{") or not piece.text.startswith(before):
            return False
        joined = "".join(one.text for one in self._chain) + piece.text
        if not _begins_json(joined):
            return True
        return _is_json(piece.text) and not _is_json(joined) if last else None

    def _judge_longer(self, chain: list[_Piece], *, last: bool) -> bool | None:
        return _is_json(chain[-1].text) and not _is_json("".join(piece.text for piece in chain))


def _is_whole_beyond_doubt(first: _Piece, second: _Piece) -> bool:
    """Rule 3."""
    if (second.tokens or 0) > (first.tokens or 0) or len(second.text) < 2 * len(first.text):
        return False
    return not _is_repetition([first, second])


def _common(one: str, other: str) -> str:
    return commonprefix([one, other])  # noqa: RUF071 - they are texts, not paths


def _are_counted(chain: list[_Piece]) -> bool:
    """Whether the token counts are known, and do not stand still."""
    return all(piece.tokens is not None for piece in chain) and any(piece.tokens for piece in chain)


def _differences(chain: list[_Piece]) -> list[_Piece]:
    """What is new in each piece, if the pieces are whole texts."""
    new = (_Piece(piece.text[len(before.text) :], piece.tokens) for before, piece in pairwise(chain))
    return [chain[0], *new]


def _are_proportional(chain: list[_Piece]) -> bool:
    length, tokens = _totals(chain)
    return all(len(piece.text) * tokens == (piece.tokens or 0) * length for piece in chain)


def _misfit(chain: list[_Piece]) -> float:
    """How far the lengths are from being in proportion to the counts: 0 if they are."""
    length, tokens = _totals(chain)
    off = sum(abs(len(piece.text) * tokens - (piece.tokens or 0) * length) for piece in chain)
    return off / (length * tokens)


def _totals(chain: list[_Piece]) -> tuple[int, int]:
    return sum(len(piece.text) for piece in chain), sum(piece.tokens or 0 for piece in chain)


def _do_rise(chain: list[_Piece]) -> bool:
    return all((before.tokens or 0) < (piece.tokens or 0) for before, piece in pairwise(chain))


def _is_repetition(chain: list[_Piece]) -> bool:
    """Whether the longest piece repeats the first one, perhaps without the end."""
    first, text = chain[0].text, chain[-1].text
    return text == (first * (len(text) // len(first) + 1))[: len(text)]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _begins_json(text: str) -> bool:
    """Whether `text` is the beginning of a JSON document, or all of one."""
    # A number or a word at the end may be incomplete, which is an error to the decoder.
    return any(map(_lacks_only_its_end, (text, re.sub(r"[\w.+-]+$", "", text))))


def _lacks_only_its_end(text: str) -> bool:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        unfinished = error.msg.startswith(("Unterminated string", "Invalid \\escape", "Invalid \\uXXXX"))
        return unfinished or error.pos >= len(text.rstrip())
    return True
