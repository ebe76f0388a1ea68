"""Gemini's reasons for the end of an answer, and what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelstream.wire import is_failure as is_failure_elsewhere
from modelstream.wire import is_lasting

if TYPE_CHECKING:
    from modelstream.deltas import FinishReason

UNSPECIFIED = frozenset(
    {"", "FINISH_REASON_UNSPECIFIED", "BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED"}
)
"""The default values of the enums: not an end."""

FINISHES: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    # OpenAI's words, which gateways send as well.
    "LENGTH": "length",
    "CONTENT_FILTER": "content_filter",
    # The limit of one request, after which google-genai would continue by a token.
    "CONTINUATION": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "ESCALATION": "content_filter",
}
"""The finish reason for each finishReason but those of failures. Any other word counts as `stop`."""

CALLED = frozenset({"FUNCTION_CALL", "FUNCTION_CALLS", "TOOL_CALL", "TOOL_CALLS", "TOOL_USE"})
"""What some gateways send in place of STOP if there are calls."""

WRITTEN = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY", "tool_calls": "STOP"}
"""The finishReason that is written for each finish reason."""

MALFORMED_CALL = "MALFORMED_FUNCTION_CALL"

PASSING_FAILURES = frozenset({MALFORMED_CALL, "MALFORMED_RESPONSE", "UNEXPECTED_TOOL_CALL", "NO_IMAGE"})
"""Failures of the model that a retry of the same request may avoid."""

_LASTING_FAILURES = frozenset(
    {
        "IMAGE_OTHER",
        "MISSING_THOUGHT_SIGNATURE",
        "OTHER",
        "PUP_LIMITED_DISABLED",
        "TOO_MANY_TOOL_CALLS",
    }
)


def is_failure(word: str) -> bool:
    """Whether a finishReason means that the model failed."""
    if word in FINISHES:
        return False
    known = word in PASSING_FAILURES or word in _LASTING_FAILURES
    return known or bool(is_failure_elsewhere(word.lower()))


def is_passing(word: str) -> bool:
    """Whether a retry of the same request may avoid this failure."""
    return word in PASSING_FAILURES or not (word in _LASTING_FAILURES or is_lasting(word.lower()))


_FINISH_NUMBERS = (
    "FINISH_REASON_UNSPECIFIED",
    "STOP",
    "MAX_TOKENS",
    "SAFETY",
    "RECITATION",
    "OTHER",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    MALFORMED_CALL,
    "IMAGE_SAFETY",
)
_BLOCK_NUMBERS = (
    "BLOCK_REASON_UNSPECIFIED",
    "SAFETY",
    "OTHER",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "IMAGE_SAFETY",
)


def finish_word(value: object) -> str | None:
    """The word of a finishReason, which older servers send as a number; None if it is not an end."""
    return _word(value, _FINISH_NUMBERS)


def block_word(value: object) -> str | None:
    """The word of a blockReason; None if nothing was blocked."""
    return _word(value, _BLOCK_NUMBERS)


def _word(value: object, numbers: tuple[str, ...]) -> str | None:
    if type(value) is int:
        value = numbers[value] if 0 <= value < len(numbers) else str(value)
    return value.upper() if isinstance(value, str) and value not in UNSPECIFIED else None
