"""Google's errors, and those of its SDKs, as errors of modelstream."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from modelstream.errors import AuthenticationError, BadRequestError, ConfigError, StreamError
from modelstream.wire import as_stream_error, http_error, sent_error

_BAD_KEYS = frozenset({"API_KEY_INVALID", "API_KEY_EXPIRED", "API_KEY_SERVICE_BLOCKED"})


def refusal(status: int, body: bytes, headers: Mapping[str, str]) -> StreamError:
    """The error for an HTTP answer with another status than 200."""
    return _with_details(http_error(status, body, headers), body)


def sent(frame: bytes) -> StreamError:
    """The error for one that came in the place of an answer, after status 200."""
    return _with_details(sent_error(frame), frame)


def _with_details(error: StreamError, body: bytes) -> StreamError:
    """`error` with what only Google says: a status word for a code, and details about keys and quotas."""
    said = _said(body)
    word = said.get("status")
    if isinstance(word, str):
        error.code = word
    for detail in _details(said):
        if detail.get("reason") in _BAD_KEYS:
            # Google sends status 400 for it.
            error = AuthenticationError(error.message, status=error.status, code=detail["reason"])
        if str(detail.get("@type", "")).endswith("RetryInfo"):
            delay = _seconds(detail.get("retryDelay"))
            error.retry_after = error.retry_after if delay is None else delay
    return error


def _said(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    if isinstance(document, list):  # as the array form wraps it
        document = document[0] if document else {}
    inner = document.get("error") if isinstance(document, dict) else None
    return inner if isinstance(inner, dict) else {}


def _details(said: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    details = said.get("details")
    return [one for one in details if isinstance(one, dict)] if isinstance(details, list) else []


def _seconds(delay: Any) -> float | None:
    """A duration as protobuf writes it in JSON: `1.5s`."""
    try:
        return float(str(delay).removesuffix("s"))
    except ValueError:
        return None


def unbuildable(error: Exception) -> Exception:
    """The error for what an SDK raised while it built a request."""
    if isinstance(error, StreamError | ConfigError):
        return error
    ours: Exception
    if not type(error).__module__.startswith("google.auth"):
        ours = BadRequestError(f"the SDK can't build the request: {_why(error)}")
    elif type(error).__name__ == "TransportError":
        ours = as_stream_error(error)
    else:
        ours = AuthenticationError(f"no access token: {_why(error)}")
    ours.__cause__ = error
    return ours


def _why(error: Exception) -> str:
    """What is wrong, in a line: of pydantic's reports the field and the message."""
    problems = error.errors() if hasattr(error, "errors") and callable(error.errors) else []
    if not problems:
        return " ".join(str(error).split()) or type(error).__name__
    said = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in problems[:3]]
    return "; ".join(dict.fromkeys(said))
