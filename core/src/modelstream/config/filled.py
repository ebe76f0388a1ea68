"""Text that was filled in from the environment, and may be a secret."""

from __future__ import annotations


class Filled(str):
    """A text in which variables were filled in. `source` is how the user wrote it.

    It is not searched for variables again, and messages show its source: the value may be a secret.
    """

    __slots__ = ("source",)
    source: str

    @classmethod
    def of(cls, text: str, source: str) -> Filled:
        """The text, remembering where it is from."""
        filled = cls(text)
        filled.source = source
        return filled
