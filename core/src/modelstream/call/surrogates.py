r"""Joins characters that a provider split in two.

JSON may write a character outside the BMP as two `\uXXXX` halves, and a provider that cuts its text
between tokens can send one half in each of two chunks. Others cut between the bytes of a character in UTF-8:
such bytes arrive as U+DC80 to U+DCFF, as Python's `surrogateescape` decodes them.
"""

from __future__ import annotations

import re

_CUT = re.compile("[\ud800-\udbff]\\Z|[\udcc2-\udcf4][\udc80-\udcbf]{0,2}\\Z")
"""A high half, or the first bytes of a character, at the end of a text."""
_BYTES = re.compile("(?<![\ud800-\udbff])[\udc80-\udcff]+")


class SurrogateJoiner:
    """Joins surrogate halves and bytes of characters across the pieces of one text.

    `feed` returns the complete characters; the beginning of one at the end is held until the next piece.
    What has no other part becomes U+FFFD. `holds` is what is pending, or "".
    """

    __slots__ = ("holds",)

    def __init__(self) -> None:
        self.holds = ""

    def feed(self, text: str) -> str:
        """Add `text`; returns the complete text that was not returned yet."""
        text = _BYTES.sub(_decoded, self.holds + text)
        self.holds = ""
        if cut := _CUT.search(text):
            self.holds = cut[0]
            text = text[: cut.start()]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _decoded(found: re.Match[str]) -> str:
    # What is still not UTF-8 stays: it may be the beginning of a character.
    return found[0].encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
