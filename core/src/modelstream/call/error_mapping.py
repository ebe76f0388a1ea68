"""Maps any exception and any HTTP status to a `StreamError`.

Transport errors are recognised by the names of their classes: the SDKs use httpx, httpx2, requests and
aiohttp, some let those libraries' exceptions through in mid-stream, and none of them is imported here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from modelstream.errors import (
    AuthenticationError,
    BadRequestError,
    Clock,
    ConnectionLostError,
    ContentFilteredError,
    MalformedDataError,
    ProviderError,
    RateLimitError,
    StreamError,
    StreamTimeoutError,
)

_TIMEOUTS = frozenset(
    {
        "TimeoutException",
        "Timeout",
        "TimeoutError",
        "APITimeoutError",
        "ServerTimeoutError",
        "DeadlineExceeded",
    }
)
_LOST = frozenset(
    {
        "TransportError",  # httpx, httpx2
        "NetworkError",
        "ProtocolError",  # httpx, h11, urllib3
        "StreamError",  # httpx: a stream that was closed under its reader
        "ConnectionError",  # requests
        "ChunkedEncodingError",
        "ClientConnectionError",  # aiohttp
        "ClientPayloadError",
        "APIConnectionError",  # openai and its likes
        "MaxRetryError",  # urllib3
        "IncompleteRead",  # http.client
        "HTTPException",
        "OSError",
        "EOFError",
    }
)
_MALFORMED = frozenset(
    {"JSONDecodeError", "DecodeError", "ValidationError", "UnicodeDecodeError", "DecodingError"}
)


_UNSENT = frozenset(
    {
        "UnsupportedProtocol",  # httpx
        "LocalProtocolError",
        "InvalidURL",  # httpx, requests, aiohttp
        "MissingSchema",  # requests
        "InvalidSchema",
        "InvalidHeader",
        "URLRequired",
        "NonHttpUrlClientError",  # aiohttp
        "LocationValueError",  # urllib3
    }
)
# Subclasses of OSError that do not come from a connection.
_LOCAL = frozenset(
    {"FileNotFoundError", "PermissionError", "FileExistsError", "IsADirectoryError", "NotADirectoryError"}
)


def as_stream_error(error: BaseException, *, first_delta_seen: bool = False) -> StreamError:
    """Map an exception to a `StreamError`; returns it unchanged if it already is one."""
    if isinstance(error, StreamError):
        return error
    cause = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    status = _status_of(error)
    if status is None:
        mapped = _by_names(_names_of(error), cause, first_delta_seen)
    else:
        mapped = _classified(f"HTTP {status} ({cause})", status, None, _retry_after(_headers_of(error)))
    mapped.__cause__ = error
    return mapped


def _by_names(names: set[str], cause: str, first_delta_seen: bool) -> StreamError:
    if names & _TIMEOUTS:
        clock: Clock = "idle" if first_delta_seen else "first_delta"
        return StreamTimeoutError(f"the provider did not answer in time ({cause})", clock=clock)
    if names & _MALFORMED:
        return MalformedDataError(f"the provider sent data that can't be read ({cause})")
    if names & _UNSENT and not first_delta_seen:
        return BadRequestError(f"the request could not be sent ({cause})")
    if names & _LOST and not names & _LOCAL:
        lost = "the connection was lost" if first_delta_seen else "the provider could not be reached"
        return ConnectionLostError(f"{lost} ({cause})")
    return StreamError(f"the model wrapper failed ({cause})")


def _names_of(error: BaseException) -> set[str]:
    # requests wraps what urllib3 raised in mid-stream as the argument of a ConnectionError.
    errors = [error, *(one for one in error.args if isinstance(one, BaseException))]
    return {kind.__name__ for one in errors for kind in type(one).__mro__}


def _status_of(error: BaseException) -> int | None:
    """The HTTP status of the response that an exception carries, as those of `raise_for_status` do."""
    response = getattr(error, "response", None)
    for holder, name in (
        (response, "status_code"),
        (error, "status_code"),
        (error, "status"),
        (error, "code"),
    ):
        status = getattr(holder, name, None)
        if type(status) is int and 400 <= status < 600:
            return status
    return None


def _headers_of(error: BaseException) -> Mapping[str, str]:
    response = getattr(error, "response", None)
    return getattr(error if response is None else response, "headers", None) or {}


_FILTER_CODES = frozenset({"content_filter", "DataInspectionFailed", "data_inspection_failed", "1301"})
_QUOTA_CODES = frozenset({"insufficient_quota", "Arrearage", "1113"})
_STATUS_OF_CODE = {
    "invalid_request_error": 400,
    "badrequesterror": 400,
    "not_found_error": 404,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "permission_error": 403,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
}
"""The HTTP status for an error type or code that a provider sends without one."""


def http_error(
    status: int,
    body: bytes | str | Mapping[str, Any] | list[Any] | None,
    headers: Mapping[str, str] | None = None,
) -> StreamError:
    """The error for an HTTP error response, from its status, body and headers.

    `body` may be bytes or decoded JSON.
    """
    code, text = _code_and_message(body)
    message = f"HTTP {status}" + (f": {text}" if text else "")
    return _classified(message, status, code, _retry_after(headers or {}))


def sent_error(body: bytes | str | Mapping[str, Any] | list[Any]) -> StreamError:
    """The error for one that a provider sent in place of its answer, after status 200.

    Its `status` is the one in the body, or None.
    """
    code, text = _code_and_message(body)
    inner = _inner(body)
    status = _status_in(inner)
    words = {str(inner.get(key)).lower() for key in ("code", "type")} if isinstance(inner, Mapping) else set()
    implied = status or next((_STATUS_OF_CODE[word] for word in words if word in _STATUS_OF_CODE), 500)
    error = _classified(f"the provider sent an error: {text or '(no message)'}", implied, code, None)
    error.status = status
    return error


def _status_in(inner: Any) -> int | None:
    values = (
        (inner.get(key) for key in ("status_code", "status", "code")) if isinstance(inner, Mapping) else ()
    )
    numbers = (
        int(one) for one in values if isinstance(one, int) or (isinstance(one, str) and one.isdecimal())
    )
    return next((number for number in numbers if 400 <= number < 600), None)


def _classified(message: str, status: int, code: str | None, retry_after: float | None) -> StreamError:
    if code in _FILTER_CODES:
        return ContentFilteredError(message, status=status, code=code)
    if status in (401, 403):
        return AuthenticationError(message, status=status, code=code)
    if status == 429:
        again = code not in _QUOTA_CODES
        return RateLimitError(message, status=status, code=code, retry_after=retry_after, retryable=again)
    if 400 <= status < 500 and status not in (408, 409, 425):
        return BadRequestError(message, status=status, code=code)
    # The rest: 5xx, the retryable 4xx, and redirects and others that are unexpected here.
    again = status >= 500 or status in (408, 409, 425)
    return ProviderError(message, status=status, code=code, retry_after=retry_after, retryable=again)


def _code_and_message(body: bytes | str | Mapping[str, Any] | list[Any] | None) -> tuple[str | None, str]:
    """The provider's code and message from an error body, in the formats of most providers."""
    inner = _inner(body)
    if not isinstance(inner, Mapping):
        return None, _excerpt(str(inner)) if inner else ""
    code = inner.get("code") if inner.get("code") is not None else inner.get("type")
    messages = (inner.get(name) for name in ("message", "msg", "detail"))
    text = next(filter(None, messages), None) or json.dumps(inner, ensure_ascii=False)
    return None if code is None else str(code), _excerpt(str(text))


def _inner(body: Any) -> Any:
    """The error itself in an error body: usually an object."""
    if isinstance(body, bytes):
        body = body.decode("utf-8", "replace")
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except (ValueError, RecursionError):
            return body
    if isinstance(body, list):
        body = body[0] if body else None
    inner = body.get("error", body) if isinstance(body, Mapping) else body
    return inner if isinstance(inner, str | Mapping) else body


def _excerpt(text: str, limit: int = 500) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Retry-After in seconds; the header holds seconds or a date (RFC 9110, 10.2.3)."""
    value = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        pass
    else:
        return max(0.0, seconds) if math.isfinite(seconds) else None
    # Imported late: these are a quarter of the import time of a first call, and dates are rare.
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
