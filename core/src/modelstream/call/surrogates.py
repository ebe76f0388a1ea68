r"""Characters that a provider split in two, made whole again.

JSON may write a character outside the BMP as two `\uXXXX` halves, and a provider that cuts its text
between tokens can send one half in each of two chunks.
"""

from __future__ import annotations


class SurrogateJoiner:
    """Joins surrogate halves across the pieces of one text.

    `feed` returns what is whole; a high half at the end is held until the next piece. A half that finds no
    partner becomes U+FFFD. `holds` is the half that still waits, or "".
    """

    __slots__ = ("holds",)

    def __init__(self) -> None:
        self.holds = ""

    def feed(self, text: str) -> str:
        """The part of all text so far that is whole and was not returned yet."""
        text = self.holds + text
        self.holds = ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            self.holds = text[-1]
            text = text[:-1]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
