"""The frames of OpenAI's chat completions as structs, and the finish reasons in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelstream.deltas import FinishReason

DONE = b"[DONE]"

_FINISHES: dict[FinishReason, str] = {
    "stop": "stop stop_sequence end_turn eos eos_token end complete completed done finished",
    "length": (
        "length max_tokens max_output_tokens max_completion_tokens max_new_tokens max_length token_limit "
        "length_limit max_tokens_exceeded max_tokens_reached token_limit_reached model_length context_length "
        "model_context_window_exceeded context_window_exceeded context_length_exceeded incomplete"
    ),
    "tool_calls": "tool_calls tool_call tool_use function_call function_calls",
    "content_filter": (
        "content_filter content_filtered content_policy content_policy_violation content_blocked blocked "
        "safety image_safety sensitive recitation image_recitation prohibited_content "
        "image_prohibited_content language blocklist spii moderation guardrail_intervened"
    ),
    "refusal": "refusal",
}
FINISHES: dict[str, FinishReason] = {
    word: reason for reason, words in _FINISHES.items() for word in words.split()
}
"""The finish reasons of providers, in lower case, mapped to ours. Any other counts as `stop`."""

is_failure = re.compile(
    "error|exception|fail|abort|cancel|interrupt|time_?d?_?-?out|malformed|unexpected|invalid|overload|"
    "unavailable|insufficient|quota|rate_?limit|crash|killed|oom$|out_of_memory|terminated|preempt|reject|"
    "disconnect|busy|shut_?down|missing_|too_many"
).search
"""Whether a `finish_reason`, in lower case, reports a failure: an error, not an end."""
is_lasting = re.compile("invalid_request|quota|insufficient_(quota|balance|credits?)").search
"""Whether such a failure would come again with a second attempt."""

_WORD_START = re.compile("(?<=[a-z])(?=[A-Z])|[- ]")


def finish_word(raw: str, finishes: Mapping[str, FinishReason]) -> str:
    """The word as the table `finishes` has it, also for `tool-calls`, `ToolCalls` or `FinishReason.STOP`."""
    word = raw.lower()
    if word in finishes or word in NO_FINISHES:
        return word
    return _WORD_START.sub("_", raw.strip().rpartition(".")[2]).lower().removeprefix("finish_reason_")


NO_FINISHES = frozenset({"", "null", "none", "unspecified", "finish_reason_unspecified"})
"""Values of `finish_reason` that some providers send instead of null."""


class Function(msgspec.Struct, gc=False):
    """A piece of a call. `arguments` is JSON text; some servers send all of them as an object."""

    name: str | None = None
    arguments: Any = None


class Call(msgspec.Struct, gc=False):
    """A piece of a tool call. Only one with a `function` is a call to answer."""

    index: int | None = None
    id: str | None = None
    type: Any = None
    function: Function | None = None
    extra_content: Any = None
    provider_specific_fields: Any = None


class ChoiceMessage(msgspec.Struct, gc=False):
    """The content of a choice: what is new (`delta`), or all of it (`message`).

    Fields that have several types, or a wrong one on some servers, are `Any`: an unusable field must not make
    the answer fail.
    """

    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    reasoning_text: Any = None
    reasoning_details: Any = None
    refusal: Any = None
    tool_calls: list[Call] | None = None
    function_call: Function | None = None
    thinking_blocks: Any = None
    extra_content: Any = None


class Choice(msgspec.Struct, gc=False):
    """One of the `n` answers."""

    index: int | None = None
    delta: ChoiceMessage | None = None
    message: ChoiceMessage | None = None
    finish_reason: str | None = None
    usage: Any = None
    error: Any = None


class Frame(msgspec.Struct, gc=False):
    """One frame, or the whole body of an answer that is not streamed."""

    choices: list[Choice] | None = None
    usage: Any = None
    error: Any = None
    x_groq: Any = None
