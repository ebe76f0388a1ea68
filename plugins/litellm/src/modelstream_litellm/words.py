"""The finish words of the providers that LiteLLM reaches, and the frames in which they are passed on.

LiteLLM translates most of them to `stop`, failures among them. So a word is passed on in the place of
LiteLLM's, together with what it means, and `Frames` reads both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from modelstream.deltas import Finish
from modelstream.errors import ProviderError
from modelstream.wire import FINISHES, OpenAIFrames, finish_of

if TYPE_CHECKING:
    from modelstream.deltas import FinishReason
    from modelstream.wire import Deltas

_FILTERED = (
    "content_filtered",
    "guardrail_intervened",
    "error_toxic",
    "recitation",
    "language",
    "blocklist",
    "prohibited_content",
    "spii",
    "image_safety",
    "image_prohibited_content",
    "image_recitation",
    "model_armor",
    "escalation",
)
_LENGTHS = ("max_output_tokens", "continuation", "context_window_exceeded", "error_limit")
_STOPS = (
    "end_turn",
    "stop_sequence",
    "pause_turn",
    "complete",
    "finish",
    "finished",
    "eos",
    "eos_token",
    "end_of_sequence",
    "endoftext",
    "stop_criteria_met",
)
_WORDS: dict[str, FinishReason] = {
    **FINISHES,
    **dict.fromkeys(_FILTERED, "content_filter"),
    **dict.fromkeys(_LENGTHS, "length"),
    **dict.fromkeys(_STOPS, "stop"),
}

_PASSING_FAILURES = frozenset(
    {
        "error",
        "abort",
        "aborted",
        "cancelled",
        "canceled",
        "failed",
        "timeout",
        "network_error",
        "insufficient_system_resource",
        "malformed_function_call",
        "malformed_response",
        "malformed_model_output",
        "malformed_tool_use",
        "unexpected_tool_call",
        "no_image",
    }
)
_LASTING_FAILURES = frozenset(
    {"other", "image_other", "too_many_tool_calls", "missing_thought_signature", "user_cancel"}
)
_NO_WORDS = frozenset({"", "null", "none", "finish_reason_unspecified", "not_finished"})

_MARK = "litellm_chat"
_FAILED = "failed"


def is_word(word: object) -> bool:
    """Whether a provider's word is one, and not a placeholder."""
    return isinstance(word, str) and word.lower() not in _NO_WORDS


def failure_of(word: str) -> ProviderError | None:
    """The error for a word by which providers report a failure; None for any other word."""
    lower = word.lower()
    if lower not in _PASSING_FAILURES and lower not in _LASTING_FAILURES:
        return None
    return ProviderError(
        f"the provider failed (finish reason {word!r})", code=word, retryable=lower in _PASSING_FAILURES
    )


def finish_from(word: str) -> Finish:
    """The finish for a provider's word."""
    return finish_of(word.lower(), _WORDS, word)


def passed_on(word: str, reason: FinishReason | None = None) -> str:
    """The `finish_reason` of a frame that passes a provider's word on; `reason` overrides its meaning."""
    if failure_of(word) is not None:
        return f"{_MARK}|{_FAILED}|{word}"
    finish = finish_from(word)
    # The reader knows the words of OpenAI's wire alone. Any other unknown word is left for it to judge.
    return f"{_MARK}|{reason or finish.reason}|{word}" if reason or word.lower() in _WORDS else word


class Frames(OpenAIFrames):
    """Reads OpenAI's frames, sent by a provider or written here with `passed_on`."""

    def read(self, frame: bytes, deltas: Deltas) -> None:
        """Append the deltas in `frame`."""
        super().read(frame, deltas)
        if deltas and type(deltas[-1]) is not str and isinstance(deltas[-1], Finish):
            _unpack(deltas)


def _unpack(deltas: Deltas) -> None:
    """Replace a last finish that was written with `passed_on`."""
    raw: str = getattr(deltas[-1], "raw", None) or ""
    mark, _, packed = raw.partition("|")
    reason, _, word = packed.partition("|")
    if mark != _MARK:
        return
    deltas.pop()
    if reason == _FAILED and (failure := failure_of(word)) is not None:
        raise failure
    deltas.append(Finish(cast("FinishReason", reason), word))
