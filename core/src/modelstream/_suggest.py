"""Suggestions for mistyped names."""

from __future__ import annotations

from collections.abc import Iterable


def close_name(word: str, known: Iterable[str]) -> str | None:
    """The known name most similar to `word`, or None if none is close."""
    import difflib

    lowered = {name.lower(): name for name in known}
    matches = difflib.get_close_matches(word.lower(), lowered, n=1)
    return lowered[matches[0]] if matches else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?`, to be appended to a sentence, or the empty string."""
    close = close_name(word, known)
    return f" Did you mean {close!r}?" if close else ""


def listed(names: Iterable[str]) -> str:
    """The sorted names, comma-separated, or `none`."""
    return ", ".join(sorted(names)) or "none"
