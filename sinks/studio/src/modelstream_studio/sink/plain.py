"""Convert values of programs to what fits into a frame."""

from __future__ import annotations

from typing import Any

import msgspec

MAX_TEXT = 10_000
"""Characters of an error's message, or of a question."""

MAX_PLAIN = 1 << 16
"""Bytes of metadata, of a schema, or of an answer."""


def clipped(text: str) -> str:
    """The text, cut at `MAX_TEXT`."""
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"


def as_plain(value: Any) -> Any:
    """The value in JSON's types; None if it can't be converted or is too large."""
    if not value:
        return value
    try:
        plain = msgspec.to_builtins(value, enc_hook=str, str_keys=True)
        return plain if len(msgspec.json.encode(plain)) <= MAX_PLAIN else None
    except (TypeError, ValueError, OverflowError, RecursionError):
        return None
