"""What a provider's JSON documents report about the end of an answer: frames of a stream, or a whole answer.

The providers that LiteLLM reaches have some twenty shapes, which name the same few things. So the names are
looked for wherever they may stand, but not in what the model wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from modelstream.errors import ProviderError
from modelstream.wire import sent_error
from modelstream_litellm.words import finish_from, is_word

if TYPE_CHECKING:
    from modelstream.errors import StreamError

_WORDS = frozenset(
    {"finish_reason", "finishReason", "stop_reason", "stopReason", "done_reason", "completionReason"}
)
_INPUT = frozenset(
    {
        "prompt_tokens",
        "input_tokens",
        "inputTokens",
        "promptTokenCount",
        "prompt_eval_count",
        "inputTokenCount",
        "inputTextTokenCount",
        "prompt_token_count",
        "input_token_count",
    }
)
_OUTPUT = frozenset(
    {
        "completion_tokens",
        "output_tokens",
        "outputTokens",
        "candidatesTokenCount",
        "eval_count",
        "outputTokenCount",
        "generation_token_count",
        "generated_token_count",
        "generated_tokens",
    }
)
_MORE_INPUT = frozenset(
    {
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "cacheReadInputTokens",
        "cacheWriteInputTokens",
        "toolUsePromptTokenCount",
    }
)
_MORE_OUTPUT = frozenset({"thoughtsTokenCount"})
"""Counts that some providers leave out of the others, and that LiteLLM adds to them."""

_COUNTS = _INPUT | _OUTPUT | _MORE_INPUT | _MORE_OUTPUT

_TEXTS = frozenset(
    {
        "text",
        "content",
        "thinking",
        "reasoning",
        "reasoning_content",
        "response",
        "partial_json",
        "generated_text",
        "completion",
        "outputText",
        "generation",
        "refusal",
    }
)
_PARTS = frozenset(
    {
        "functionCall",
        "function_call",
        "tool_calls",
        "toolUse",
        "inlineData",
        "executableCode",
        "codeExecutionResult",
    }
)
_OPAQUE = frozenset(
    {
        "arguments",
        "args",
        "input",
        "parameters",
        "safetyRatings",
        "citations",
        "groundingMetadata",
        "logprobs",
    }
)
"""Fields whose values are the model's, or a user's, and may have any names."""

_DEEPEST = 8
_KINDS = ("type", "event", "event_type")
_TERMINALS = ("message_stop", "message-end", "stream-end")
_WITHOUT_TERMINAL = frozenset(
    {"candidates", "promptFeedback", "usageMetadata", "generated_text", "token", "generation", "outputText"}
)
_STATUSES = {
    "overloaded_error": 529,
    "api_error": 500,
    "timeout_error": 504,
    "rate_limit_error": 429,
    "invalid_request_error": 400,
    "request_too_large": 413,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
}
"""The HTTP status of each type of error that Anthropic names, by its documentation."""


class Facts(NamedTuple):
    """What one document reports; `word` is the finish word."""

    word: str | None
    has_content: bool
    counts: dict[str, int]
    is_terminal: bool
    error: StreamError | None


def facts_of(document: Mapping[str, Any]) -> Facts:
    """Read one document."""
    error = _error_in(document)
    word = None if error is not None else _word_in(document)
    counts = {name: value for name, value in _fields(document) if name in _COUNTS and type(value) is int}
    return Facts(
        word,
        _has_content(document),
        counts,
        document.get("done") is True or any(document.get(name) in _TERMINALS for name in _KINDS),
        error,
    )


def sent_usage(counts: Mapping[str, int], litellms: Any) -> dict[str, Any] | None:
    """The usage by the counts that the provider sent; LiteLLM's, which has more details, if that agrees.

    LiteLLM makes both counts up where one is missing, and sometimes where both are there.
    """
    usage = litellms if isinstance(litellms, dict) else {}
    sent: dict[str, Any] = {}
    agrees = True
    for name, names, more in (
        ("prompt_tokens", _INPUT, _MORE_INPUT),
        ("completion_tokens", _OUTPUT, _MORE_OUTPUT),
    ):
        count = next((count for key, count in counts.items() if key in names), None)
        added = sum(count for key, count in counts.items() if key in more)
        if count is not None or added:
            sent[name] = (count or 0) + added
        agrees = agrees and usage.get(name) in (count or 0, (count or 0) + added)
    return usage if sent and agrees else sent or None


def has_terminal(document: Mapping[str, Any]) -> bool:
    """Whether a stream that begins with `document` ends with a terminal frame."""
    return _WITHOUT_TERMINAL.isdisjoint(document)


def is_openai(document: Mapping[str, Any]) -> bool | None:
    """Whether `document` is a frame of OpenAI's chat completions; None if it could be that."""
    choices = document.get("choices")
    if not isinstance(choices, list):
        return False
    if str(document.get("object")).startswith("chat.completion"):
        return True
    first = choices[0] if choices else None
    if first is None:
        return None
    return isinstance(first, Mapping) and ("delta" in first or "message" in first)


def error_from(document: Mapping[str, Any]) -> StreamError:
    """The error that a provider sent in place of its answer."""
    error = sent_error(document)
    inner = document.get("error")
    kind = inner.get("type") if isinstance(inner, Mapping) else None
    if error.status is None and document.get("type") == "error" and isinstance(kind, str):
        error.status = _STATUSES.get(kind)
    return error


def _error_in(document: Mapping[str, Any]) -> StreamError | None:
    if document.get("error") or document.get("type") == "error":
        return error_from(document)
    if document.get("done") is True and document.get("done_reason") in ("load", "unload"):
        word = document["done_reason"]
        if not _has_content(document):
            return ProviderError(f"the provider sent no answer (done_reason {word!r})", code=word)
    return None


def _word_in(document: Mapping[str, Any]) -> str | None:
    for name, value in _fields(document):
        if name in _WORDS and is_word(value):
            return str(value)
    if document.get("done") is True:
        return "stop"
    blocked = (document.get("promptFeedback") or {}).get("blockReason")
    if not blocked:
        return None
    is_known = isinstance(blocked, str) and finish_from(blocked).reason == "content_filter"
    return blocked if is_known else "content_filter"


def _fields(value: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The plain fields in `value` and in what it holds; of a list, those in its first item."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        yield from _fields(value[0] if value else None, depth + 1)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(inner, list | dict):
                if name not in _OPAQUE and name not in _PARTS:
                    yield from _fields(inner, depth + 1)
            else:
                yield name, inner


def _has_content(value: Any, depth: int = 0) -> bool:
    """Whether the model said anything in `value`."""
    if depth > _DEEPEST:
        return False
    if isinstance(value, list):
        return any(_has_content(item, depth + 1) for item in value)
    return isinstance(value, Mapping) and any(_says(name, inner, depth) for name, inner in value.items())


def _says(name: str, value: Any, depth: int) -> bool:
    if name in _PARTS:
        return bool(value)
    if isinstance(value, str):
        return bool(value) and (name in _TEXTS or (name == "type" and value.endswith("tool_use")))
    return name not in _OPAQUE and _has_content(value, depth + 1)
