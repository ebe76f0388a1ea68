"""Maps any exception to a `StreamError`.

Transport errors are recognised by the names of their classes: the SDKs use httpx, httpx2, requests and
aiohttp, some let those libraries' exceptions through in mid-stream, and none of them is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping

from modelstream.call.error_bodies import status_error
from modelstream.errors import (
    BadRequestError,
    Clock,
    ConnectionLostError,
    MalformedDataError,
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


def as_stream_error(
    error: BaseException, *, first_delta_seen: bool = False, answered: bool = False
) -> StreamError:
    """Map an exception to a `StreamError`; returns it unchanged if it already is one.

    `answered` tells whether the provider had accepted the request.
    """
    if isinstance(error, StreamError):
        return error
    cause = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    status = _status_of(error)
    if status is None:
        mapped = _by_names(_names_of(error), cause, first_delta_seen, answered or first_delta_seen)
    else:
        mapped = status_error(f"HTTP {status} ({cause})", status, _headers_of(error))
    mapped.__cause__ = error
    return mapped


def _by_names(names: set[str], cause: str, first_delta_seen: bool, answered: bool) -> StreamError:
    if names & _TIMEOUTS:
        clock: Clock = "idle" if first_delta_seen else "first_delta"
        return StreamTimeoutError(f"the provider did not answer in time ({cause})", clock=clock)
    if names & _MALFORMED:
        return MalformedDataError(f"the provider sent data that can't be read ({cause})")
    if names & _UNSENT and not answered:
        return BadRequestError(f"the request could not be sent ({cause})")
    if names & _LOST and not names & _LOCAL:
        lost = "the connection was lost" if answered else "the provider could not be reached"
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
