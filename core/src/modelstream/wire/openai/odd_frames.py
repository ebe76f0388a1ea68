"""Recognise odd frames: those that are no JSON objects, and those with images, sound or a failure."""

from __future__ import annotations

import re
from typing import Any

from modelstream.call.error_bodies import is_error_value
from modelstream.wire.decoding import json_document

_KEEPALIVE = re.compile(
    rb"""["':<\[(\s]*(?:
        (?:sse[-_ ]?)?(?:ping|pong|keep[-_ ]?alive|heart[-_ ]?beat|alive|noop|null|true|false|connected|ok
            |none|undefined|processing|waiting|[.\-]{1,3})
        |\d[\d\-:.,/+TZ\s]*  # a time, as sse-starlette sends it, or a number
        |(?:[a-z]{3},\ )?\d\d\ [a-z]{3}\ \d{4}\ [\d:]+(?:\ GMT)?
    )?(?:\s*[-:]?\s*\d[\d\-:.,/+TZ\s]*)?["'>\])\s]*""",
    re.VERBOSE | re.IGNORECASE,
)


def is_done(frame: bytes) -> bool:
    """Whether this is `[DONE]`, in the spelling of any server."""
    return frame.strip(b" \t\r\n\"'").upper() in (b"[DONE]", b"DONE", b"<DONE>")


def is_keepalive(frame: bytes) -> bool:
    """Whether this only keeps the connection open: a comment, a time, a number, or a word such as `ping`."""
    return frame.startswith(b":") or (len(frame) < 100 and _KEEPALIVE.fullmatch(frame) is not None)


def documents_in(frame: bytes) -> list[bytes]:
    """The JSON objects in a frame that has something around or between them; empty if other text is there.

    Servers send a second `data:` before an object, a NUL after it, or several objects, or `[DONE]`, in one.
    """
    found: list[bytes] = []
    rest = _BETWEEN.sub(b"", frame, count=1)
    while rest:
        end = _object_end(rest)
        if end == 0 or end == len(frame):
            return []
        found.append(rest[:end])
        rest = _BETWEEN.sub(b"", rest[end:], count=1)
    return found


_BETWEEN = re.compile(rb"\A(?:[\s\0]|data:)+")


def _object_end(text: bytes) -> int:
    if text.startswith(b"[DONE]"):
        return len(b"[DONE]")
    if not text.startswith(b"{"):
        return 0
    import json

    try:
        decoded = text.decode("utf-8", "surrogateescape")
        end = json.JSONDecoder(strict=False).raw_decode(decoded)[1]
    except (ValueError, RecursionError):
        return 0
    return len(decoded[:end].encode("utf-8", "surrogateescape"))


def words_of_failure(frame: bytes) -> Any:
    """What a frame with a finish reason for a failure says about it, in a field of any place; or None."""
    try:
        return _words_in(json_document(frame), 0)
    except (ValueError, RecursionError):
        return None


_FAILURE_FIELDS = ("error", "error_message", "finish_message")


def _words_in(value: Any, depth: int) -> Any:
    if depth > 4:
        return None
    if type(value) is dict:
        for name in _FAILURE_FIELDS:
            if is_error_value(value.get(name)):
                return value[name]
        value = list(value.values())
    inner = (_words_in(one, depth + 1) for one in value) if type(value) is list else ()
    return next((words for words in inner if words is not None), None)


def has_media(frame: bytes) -> bool:
    """Whether the first choice has images or sound, for which there is no delta."""
    if b'"images"' not in frame and b'"audio"' not in frame:
        return False
    choices = json_document(frame).get("choices")
    choice = choices[0] if type(choices) is list else choices
    delta = choice.get("delta") if type(choice) is dict else None
    return type(delta) is dict and bool(delta.get("images") or delta.get("audio"))
