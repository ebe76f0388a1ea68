"""What the transports raise, as errors of modelstream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from modelstream.call.error_mapping import as_stream_error, http_error
from modelstream.errors import BadRequestError, ConfigError, StreamError
from modelstream.wire.failures import unanswered


class Refusal(NamedTuple):
    """An answer with another status than 200, under the names that httpx has for its parts."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


class RefusedError(Exception):
    """The native transport's word for what the SDK has its status errors for."""

    def __init__(self, response: Refusal) -> None:
        super().__init__(f"HTTP {response.status_code}")
        self.response = response


def as_ours(error: Exception) -> StreamError | ConfigError:
    """The error for what went wrong while a request was sent; itself if it is one of ours.

    The SDK's exceptions are told by what they carry: a response (the API refused), or a cause (the
    connection).
    """
    if isinstance(error, StreamError | ConfigError):
        return error
    response = getattr(error, "response", None)
    if response is not None:
        ours = http_error(response.status_code, body_of(response), response.headers)
        ours.__cause__ = error
        return ours
    if isinstance(error, TypeError | ValueError):
        ours = BadRequestError(f"the request can't be sent as JSON ({error})")
        ours.__cause__ = error
        return ours
    return _connection_error(error)


def _connection_error(error: Exception) -> StreamError:
    # "Connection error." is all that the SDK's own says; why, and where, it only carries along.
    cause = error.__cause__ or error
    url = getattr(getattr(error, "request", None), "url", None)
    return as_stream_error(cause) if url is None else unanswered(cause, str(url))


def body_of(response: Any) -> bytes:
    """The body of a response that the SDK has read, or nothing if it could not."""
    try:
        return bytes(response.content)
    except Exception:  # noqa: BLE001 (what an unread response raises differs between httpx and httpx2)
        return b""


def refuses_stream_options(error: Exception) -> bool:
    """Whether a server did not take the request because it does not know `stream_options`."""
    response = getattr(error, "response", None)
    if response is None or response.status_code not in (400, 422):
        return False
    body = body_of(response)
    return b"stream_options" in body or b"include_usage" in body
