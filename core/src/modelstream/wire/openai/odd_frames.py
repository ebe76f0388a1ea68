"""Recognise frames that are no JSON objects but belong to the protocol."""

from __future__ import annotations

import re

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
