"""Recognise frames without text: those that are no JSON objects, and those with images or sound."""

from __future__ import annotations

import re

from modelstream.wire.decoding import json_document

_KEEPALIVE = re.compile(
    rb"""["':<\[(\s]*(?:
        (?:sse[-_ ]?)?(?:ping|pong|keep[-_ ]?alive|heart[-_ ]?beat|alive|noop|null|true|false|connected|ok)
        |\d[\d\-:.,/+TZ\s]*  # a time, as sse-starlette sends it, or a number
    )?(?:\s*-?\s*\d[\d\-:.,/+TZ\s]*)?["'>\])\s]*""",
    re.VERBOSE | re.IGNORECASE,
)


def is_done(frame: bytes) -> bool:
    """Whether this is `[DONE]`, in the spelling of any server."""
    return frame.strip(b" \t\r\n\"'").upper() in (b"[DONE]", b"DONE", b"<DONE>")


def is_keepalive(frame: bytes) -> bool:
    """Whether this only keeps the connection open: a time, a number, or a word such as `ping`."""
    return len(frame) < 100 and _KEEPALIVE.fullmatch(frame) is not None


def has_media(frame: bytes) -> bool:
    """Whether the first choice has images or sound, for which there is no delta."""
    if b'"images"' not in frame and b'"audio"' not in frame:
        return False
    choices = json_document(frame).get("choices")
    choice = choices[0] if type(choices) is list else choices
    delta = choice.get("delta") if type(choice) is dict else None
    return type(delta) is dict and bool(delta.get("images") or delta.get("audio"))
