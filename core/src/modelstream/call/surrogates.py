r"""Joins characters that a provider split in two.

JSON may write a character outside the BMP as two `\uXXXX` halves, and a provider that cuts its text
between tokens can send one half in each of two chunks.
"""

from __future__ import annotations


class SurrogateJoiner:
    """Joins surrogate halves across the pieces of one text.

    `feed` returns the complete characters; a high half at the end is held until the next piece. A half
    without a partner becomes U+FFFD. `holds` is the pending half, or "".
    """

    __slots__ = ("holds",)

    def __init__(self) -> None:
        self.holds = ""

    def feed(self, text: str) -> str:
        """Add `text`; returns the complete text that was not returned yet."""
        text = self.holds + text
        self.holds = ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            self.holds = text[-1]
            text = text[:-1]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
