"""Text from environment variables, which may be a secret."""

from __future__ import annotations


class Filled(str):
    """A text in which variables were filled in. `source` is the text that the user wrote.

    Its value is not searched for variables again, and messages show the source: the value may be a secret.
    """

    __slots__ = ("source",)
    source: str

    @classmethod
    def of(cls, text: str, source: str) -> Filled:
        """Create it from the filled-in text and its source."""
        filled = cls(text)
        filled.source = source
        return filled
