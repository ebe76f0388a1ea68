"""Google's errors, read and written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from modelstream.errors import AuthenticationError, StreamError
from modelstream.wire import http_error, sent_error

_BAD_KEYS = frozenset({"API_KEY_INVALID", "API_KEY_EXPIRED", "API_KEY_SERVICE_BLOCKED"})

_WORDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""The status word that Google's errors have for each HTTP status."""


def refusal_error(status: int, body: bytes, headers: Mapping[str, str]) -> StreamError:
    """The error for an HTTP answer with a status other than 2xx, with how to fix a wrong address."""
    error = _with_details(http_error(status, body, headers), body)
    if status == 404 and not _error_fields(body):
        error.message += "\nIs base_url right? It is the server's address, without the API version."
        error.args = (error.message,)
    return error


def frame_error(frame: bytes) -> StreamError:
    """The error for an error object that was sent in place of an answer, after status 200."""
    return _with_details(sent_error(frame), frame)


def write_error(status: int, message: str) -> dict[str, Any]:
    """Google's error object."""
    return {"error": {"code": status, "message": message, "status": _WORDS.get(status, "UNKNOWN")}}


def _with_details(error: StreamError, body: bytes) -> StreamError:
    """`error` with what only Google sends: a status word as its code, and details about keys and quotas."""
    fields = _error_fields(body)
    word = fields.get("status")
    if isinstance(word, str):
        error.code = word
    for detail in _details(fields):
        if detail.get("reason") in _BAD_KEYS:
            # Google sends status 400 for an invalid key.
            error = AuthenticationError(error.message, status=error.status, code=detail["reason"])
        if str(detail.get("@type", "")).endswith("RetryInfo"):
            delay = _seconds(detail.get("retryDelay"))
            error.retry_after = error.retry_after if delay is None else delay
    return error


def _error_fields(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    if isinstance(document, list):  # as the array format wraps it
        document = document[0] if document else {}
    fields = document.get("error") if isinstance(document, dict) else None
    return fields if isinstance(fields, dict) else {}


def _details(fields: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    details = fields.get("details")
    return [one for one in details if isinstance(one, dict)] if isinstance(details, list) else []


def _seconds(delay: Any) -> float | None:
    """A duration as protobuf writes it in JSON: `1.5s`."""
    try:
        return float(str(delay).removesuffix("s"))
    except ValueError:
        return None
