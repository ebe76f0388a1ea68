"""Error bodies of providers, in all their formats: the status, the code and the message in them.

The formats differ in the names of the fields, in their nesting, and in whether JSON stands in a string. An
error is classified by its status and by words: gateways send errors of the request with status 200 or 500.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from modelstream.call.retry_after import retry_after
from modelstream.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilteredError,
    ProviderError,
    RateLimitError,
    StreamError,
)

Body = bytes | str | Mapping[str, Any] | list[Any] | None

_CODES = ("code", "error_code", "errorCode", "err_code", "type", "error_type")
_MESSAGES = (
    "message",
    "msg",
    "detail",
    "error_message",
    "errorMessage",
    "error_msg",
    "status_msg",
    "err_msg",
    "error_description",
    "description",
)
_STATUSES = (
    "status_code",
    "statusCode",
    "status",
    "code",
    "error_code",
    "errorCode",
    "http_status",
    "httpStatus",
    "http_code",
    "error_status_code",
)
_ONLY_IN_ERRORS = ("detail", "error_type", "error_message", "errorMessage", "error_msg")
_DEEPEST = 4
"""How many levels of errors inside errors are read."""

_FILTER_CODES = frozenset(
    {
        "content_filter",
        "content_filter_error",
        "content_policy_violation",
        "contentpolicyviolationerror",
        "content_moderation_error",
        "data_inspection_failed",
        "datainspectionfailed",
        "moderation_blocked",
        "responsibleaipolicyviolation",
        "1301",
        "minimax 1026",
        "minimax 1027",
    }
)
_QUOTA_CODES = frozenset(
    {
        "insufficient_quota",
        "insufficient_user_quota",
        "insufficient_balance",
        "insufficient_balance_error",
        "insufficient_credits",
        "insufficient_funds",
        "exceeded_current_quota_error",
        "billing_error",
        "billing_hard_limit_reached",
        "billing_not_active",
        "credit_limit_exceeded",
        "payment_required",
        "arrearage",
        "1113",
        "minimax 1008",
    }
)
_EMPTY_ACCOUNT = re.compile(
    r"insufficient[ _](balance|credit|fund|quota)"
    r"|(balance|credits?) (is|are|has been|have been) (too low|insufficient|depleted|exhausted|used up)"
    r"|(used|depleted|exhausted|exceeded|spent) (\w+ ){0,5}credits(?! per )"
    r"|(reached|exceeded|hit) (\w+ ){0,2}spend(ing)? (limit|cap)"
    r"|not enough (balance|credit)|(out of|no) credits|no credit(s)? (left|remaining)|billing hard limit"
    r"|hard billing limit|billing is not active|payment required|(in|is) arrears|in good standing|recharge"
    r"|top up|suspended due to|余额不足|欠费|充值",
    re.IGNORECASE,
)
"""Messages of an account without money, for which a retry does not help."""

_WORDS: dict[int, str] = {
    400: "invalid_request invalid_request_error invalidrequesterror invalid_argument bad_request"
    " bad_request_error badrequesterror badrequest validation validation_error invalid_parameter"
    " invalidparameter invalid_value invalid_type invalid_prompt invalid_image_format"
    " unsupported_parameter unsupported_value unsupported_model model_not_supported"
    " context_length_exceeded context_window_exceeded contextwindowexceedederror"
    " exceed_context_size_error string_above_max_length max_tokens_exceeded missing_required_parameter"
    " json_validate_failed failed_precondition unprocessable_entity unprocessableentityerror"
    " request_too_large",
    401: "authentication_error authenticationerror invalid_api_key invalidapikey incorrect_api_key_error"
    " invalid_authentication_error invalid_authentication missing_api_key expired_api_key unauthorized"
    " unauthenticated",
    403: "permission_error permission_denied permission_denied_error permissiondeniederror forbidden"
    " access_denied accessdenied",
    404: "not_found not_found_error notfounderror notfound model_not_found modelnotfound"
    " model_not_found_error model_not_exist modelnotexist unknown_model resource_not_found"
    " resource_not_found_error deploymentnotfound deployment_not_found",
    429: "rate_limit_error rate_limit_exceeded rate_limit_reached_error rate_limit ratelimiterror"
    " ratelimit too_many_requests toomanyrequests throttling throttled resource_exhausted requests"
    " tokens",
    500: "server_error internal_error internal_server_error internalservererror api_error apierror",
    503: "overloaded overloaded_error engine_overloaded engine_overloaded_error model_overloaded"
    " unavailable service_unavailable service_unavailable_error serviceunavailable"
    " serviceunavailableerror",
    504: "timeout timeout_error gateway_timeout deadline_exceeded",
}
_STATUS_OF_WORD = {word: status for status, words in _WORDS.items() for word in words.split()}
"""The HTTP status for an error type or code that a provider sends without one."""
_STATUS_OF_WORD.update(dict.fromkeys(_QUOTA_CODES, 429))
_STATUS_OF_WORD.update({"minimax 1002": 429, "minimax 1039": 429, "minimax 1004": 401, "minimax 2013": 400})

_SPECIFIC = frozenset(
    {
        "context_length_exceeded",
        "context_window_exceeded",
        "contextwindowexceedederror",
        "exceed_context_size_error",
        "model_not_found",
        "modelnotfound",
        "invalid_api_key",
        "invalidapikey",
    }
)
"""Words that are more precise than a status from 500 on."""

_PHRASES: list[tuple[int, re.Pattern[str]]] = [
    (status, re.compile(pattern, re.IGNORECASE))
    for status, pattern in (
        (400, r"context (length|window|size)|maximum context|too many tokens|prompt is too long"),
        (404, r"\bmodel\b.{0,120}\b(not found|(not|n't) exist)|(no such|unknown) model"),
        (401, r"(invalid|incorrect|missing|no|expired|wrong) api[ _-]?key|unauthori[sz]ed|unauthenticated"),
        (429, r"rate.?limit|too many requests"),
        (400, r"validation error|invalid[ _]request|bad request|unprocessable"),
    )
]
"""What a message means that has neither a status nor a known code."""

_PROGRESS = frozenset({"queued", "pending", "processing", "running", "in_progress", "loading", "started"})
"""Values of `status` of a request that is still being worked on."""

_SUCCESS = frozenset({"", "0", "ok", "success", "succeed", "succeeded", "none", "null"})


def http_error(status: int, body: Body, headers: Mapping[str, str] | None = None) -> StreamError:
    """The error for an HTTP error response, from its status, body and headers.

    `body` may be bytes or decoded JSON.
    """
    found = _Fields(body)
    message = f"HTTP {status}" + (f": {found.text}" if found.text else "")
    implied = next((_STATUS_OF_WORD[word] for word in found.words if word in _SPECIFIC), status)
    error = _classified(message, implied if status >= 500 else status, found, retry_after(headers or {}))
    error.status = status
    return error


def sent_error(body: Body) -> StreamError:
    """The error for one that a provider sent in place of its answer, after status 200.

    Its `status` is the one in the body, or None.
    """
    found = _Fields(body)
    status = found.status
    by_word = (_STATUS_OF_WORD[word] for word in found.words if word in _STATUS_OF_WORD)
    implied = status or next(by_word, None) or _status_of_phrase(found.text)
    error = _classified(f"the provider sent an error: {found.text or '(no message)'}", implied, found, None)
    error.status = status
    return error


def status_error(message: str, status: int, headers: Mapping[str, str]) -> StreamError:
    """The error for a status without a body."""
    return _classified(message, status, _Fields(None), retry_after(headers))


def is_error(document: Any) -> bool:
    """Whether a JSON object that has nothing of an answer is an error; `{"code": 0}` is none."""
    if isinstance(document, list):  # Gemini's compatible endpoint
        return any(isinstance(one, Mapping) and is_error(one) for one in document)
    if not isinstance(document, Mapping):
        return False
    marks = {str(document.get(name)).lower() for name in ("object", "type", "event", "status")}
    if is_error_value(document.get("error")) or document.get("errors") or "error" in marks:
        return True
    base = document.get("base_resp")  # MiniMax
    if isinstance(base, Mapping):
        document = {**document, **base}
    codes = [document[name] for name in _STATUSES if type(document.get(name)) in {int, float, str}]
    is_fine = codes and all(_is_success(one) or str(one).lower() in _PROGRESS for one in codes)
    if document.get("success") is True or is_fine:
        return False
    if document.get("success") is False or any(document.get(name) for name in _ONLY_IN_ERRORS):
        return True
    return bool(codes) and any(document.get(name) for name in _MESSAGES)


def is_error_value(error: Any) -> bool:
    """Whether the field `error` of a document has an error: not if it is empty, or reports success."""
    if not isinstance(error, Mapping):
        return bool(error) and not (isinstance(error, str) and error.lower() in _SUCCESS)
    if not any(error.values()):
        return False
    code, message = error.get("code"), str(error.get("message") or "")
    return not (code is not None and _is_success(code) and message.lower().rstrip(".!") in _SUCCESS)


def error_in(frame: bytes) -> StreamError | None:
    """The error in a frame that has nothing of an answer, if it is one."""
    try:
        document = json.loads(frame)
    except (ValueError, RecursionError):
        return None
    return sent_error(document) if is_error(document) else None


class _Fields:
    """What an error body says: `text`, `code`, `status`, and all `words` that may be codes, in lower case."""

    def __init__(self, body: Body) -> None:
        self.code: str | None = None
        self.status: int | None = None
        self.words: list[str] = []
        self.text = excerpt_of(self._read(_decoded(body), 0))

    def _read(self, value: Any, depth: int) -> str:
        """The message in `value`; notes codes and status on the way, the innermost first."""
        if isinstance(value, list):
            if len(value) > 1 and isinstance(value[0], Mapping) and depth < _DEEPEST:
                return "; ".join(dict.fromkeys(self._read(one, depth + 1) for one in value))
            value = value[0] if value else None
        if isinstance(value, str):
            return self._read_text(value, depth)
        if not isinstance(value, Mapping) or depth > _DEEPEST:
            return "" if value is None else str(value)
        nested = value.get("error") or value.get("errors") or value.get("base_resp")
        inner = ""
        if isinstance(nested, str | Mapping | list):
            inner = self._read(nested, depth + 1)
        self._note(value, outer=bool(nested))
        return self._message(value, inner, depth)

    def _read_text(self, text: str, depth: int) -> str:
        if (
            depth <= _DEEPEST
            and text.lstrip()[:1] in ("{", "[")
            and isinstance(found := _decoded(text), Mapping | list)
        ):
            return self._read(found, depth + 1) or text
        return text

    def _note(self, value: Mapping[str, Any], *, outer: bool) -> None:
        for name in _CODES:
            word = value.get(name)
            if word is None or isinstance(word, Mapping | list) or str(word).lower() == "error":
                continue
            self.words.append(str(word).lower())
            if self.code is None and not (outer and name == "type"):
                self.code = str(word)
        if "status_msg" in value:
            self.words.append(f"minimax {value.get('status_code')}")
        if "msg" in value and isinstance(value.get("loc"), list):  # FastAPI
            self.words.append("validation_error")
        if isinstance(value.get("status"), str):
            self.words.append(value["status"].lower())
        self.status = self.status or _status_in(value)
        metadata = value.get("metadata")
        if isinstance(metadata, Mapping) and "flagged_input" in metadata:  # OpenRouter's moderation
            self.words.append("content_filter")

    def _message(self, value: Mapping[str, Any], inner: str, depth: int) -> str:
        texts = [inner]
        for name in _MESSAGES:
            if found := value.get(name):
                nested = isinstance(found, str | Mapping | list)
                texts.append(self._read(found, depth + 1) if nested else str(found))
        # OpenRouter has the answer of the provider that it asked here, mostly as JSON.
        metadata = value.get("metadata")
        if isinstance(metadata, Mapping) and metadata.get("raw"):
            texts.append(self._read(metadata["raw"], depth + 1))
        return _joined(texts) or json.dumps(value, ensure_ascii=False, default=str)


def _joined(texts: Iterable[str]) -> str:
    """The texts in one line, without those that are part of another."""
    kept: list[str] = []
    for text in texts:
        if text and not any(text in one for one in kept):
            kept = [one for one in kept if one not in text]
            kept.append(text)
    return ": ".join(kept)


def _decoded(body: Any) -> Any:
    if isinstance(body, bytes):
        body = body.decode("utf-8", "replace")
    if isinstance(body, str):
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            return body
        return body if type(document) in {int, float, bool} else document
    return body


def _status_in(value: Mapping[str, Any]) -> int | None:
    for name in _STATUSES:
        one = value.get(name)
        if isinstance(one, int) or (isinstance(one, str) and one.isdecimal() and len(one) == 3):
            number = int(one)
            if 400 <= number < 600:
                return number
    return None


def _is_success(code: Any) -> bool:
    if isinstance(code, int | float) and not isinstance(code, bool):
        return code == 0 or 200 <= code < 300
    text = str(code).lower()
    return text in _SUCCESS or (len(text) == 3 and text.isdecimal() and text[0] == "2")


def _status_of_phrase(text: str) -> int:
    if _EMPTY_ACCOUNT.search(text):
        return 429
    return next((status for status, pattern in _PHRASES if pattern.search(text)), 500)


def _classified(message: str, status: int, found: _Fields, wait: float | None) -> StreamError:
    code = found.code
    if not _FILTER_CODES.isdisjoint(found.words):
        return ContentFilteredError(message, status=status, code=code)
    if status in (401, 403):
        return AuthenticationError(message, status=status, code=code)
    if status == 429:
        empty = not _QUOTA_CODES.isdisjoint(found.words) or _EMPTY_ACCOUNT.search(found.text)
        return RateLimitError(message, status=status, code=code, retry_after=wait, retryable=not empty)
    if 400 <= status < 500 and status not in (408, 409, 425):
        return BadRequestError(message, status=status, code=code)
    # The rest: 5xx, the retryable 4xx, and redirects and others that are unexpected here.
    again = status >= 500 or status in (408, 409, 425)
    return ProviderError(message, status=status, code=code, retry_after=wait, retryable=again)


def excerpt_of(text: str, limit: int = 500) -> str:
    """The beginning of a text, in one line."""
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
