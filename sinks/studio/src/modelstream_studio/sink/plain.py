"""What programs hand over, made fit for a frame."""

from __future__ import annotations

from typing import Any

import msgspec

MOST_SAID = 10_000
"""Characters of an error's message, or of a question."""

MOST_PLAIN = 1 << 16
"""Bytes of metadata, of a schema, or of an answer."""


def clipped(text: str) -> str:
    """The text, or as much of it as anybody wants to read."""
    return text if len(text) <= MOST_SAID else f"{text[:MOST_SAID]}…"


def as_plain(value: Any) -> Any:
    """The value as JSON knows it; None for what JSON can't say, or what is too large."""
    if not value:
        return value
    try:
        plain = msgspec.to_builtins(value, enc_hook=str, str_keys=True)
        return plain if len(msgspec.json.encode(plain)) <= MOST_PLAIN else None
    except (TypeError, ValueError, OverflowError, RecursionError):
        return None
