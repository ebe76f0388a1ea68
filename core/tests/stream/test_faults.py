"""Any exception and any HTTP status is mapped to one `StreamError`.

The exceptions of HTTP libraries are recognised by the names of their classes, so classes of those names and
lineages stand for them here; where the libraries are installed, the real ones are tried as well.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import ssl
from typing import Any

import msgspec
import pytest

from modelstream.call.error_mapping import as_stream_error
from modelstream.errors import (
    AuthenticationError,
    BadRequestError,
    ConnectionLostError,
    MalformedDataError,
    ProviderError,
    RateLimitError,
    StreamError,
    StreamTimeoutError,
)

LOST, LATE, BROKEN, UNSENT, BUG = (
    ConnectionLostError,
    StreamTimeoutError,
    MalformedDataError,
    BadRequestError,
    StreamError,
)

# library: class name -> (the names of its bases, nearest first; the error that it is mapped to)
HTTPX = {
    "ConnectError": ("NetworkError TransportError RequestError HTTPError", LOST),
    "ReadError": ("NetworkError TransportError RequestError HTTPError", LOST),
    "WriteError": ("NetworkError TransportError RequestError HTTPError", LOST),
    "CloseError": ("NetworkError TransportError RequestError HTTPError", LOST),
    "RemoteProtocolError": ("ProtocolError TransportError RequestError HTTPError", LOST),
    "ProxyError": ("TransportError RequestError HTTPError", LOST),
    "StreamClosed": ("StreamError RuntimeError", LOST),
    "ConnectTimeout": ("TimeoutException TransportError RequestError HTTPError", LATE),
    "ReadTimeout": ("TimeoutException TransportError RequestError HTTPError", LATE),
    "WriteTimeout": ("TimeoutException TransportError RequestError HTTPError", LATE),
    "PoolTimeout": ("TimeoutException TransportError RequestError HTTPError", LATE),
    "DecodingError": ("RequestError HTTPError", BROKEN),
    "UnsupportedProtocol": ("TransportError RequestError HTTPError", UNSENT),
    "LocalProtocolError": ("ProtocolError TransportError RequestError HTTPError", UNSENT),
    "InvalidURL": ("", UNSENT),
}
REQUESTS = {
    "ConnectionError": ("RequestException OSError", LOST),
    "ProxyError": ("ConnectionError RequestException OSError", LOST),
    "SSLError": ("ConnectionError RequestException OSError", LOST),
    "ChunkedEncodingError": ("RequestException OSError", LOST),
    "ConnectTimeout": ("ConnectionError Timeout RequestException OSError", LATE),
    "ReadTimeout": ("Timeout RequestException OSError", LATE),
    "JSONDecodeError": ("InvalidJSONError RequestException OSError", BROKEN),
    "MissingSchema": ("RequestException OSError", UNSENT),
    "InvalidSchema": ("RequestException OSError", UNSENT),
    "InvalidURL": ("RequestException OSError", UNSENT),
    "InvalidHeader": ("RequestException OSError", UNSENT),
    "InvalidProxyURL": ("InvalidURL RequestException OSError", UNSENT),
}
AIOHTTP = {
    "ClientConnectorError": ("ClientOSError ClientConnectionError ClientError OSError", LOST),
    "ClientConnectorDNSError": (
        "ClientConnectorError ClientOSError ClientConnectionError ClientError OSError",
        LOST,
    ),
    "ServerDisconnectedError": ("ServerConnectionError ClientConnectionError ClientError", LOST),
    "ClientPayloadError": ("ClientError", LOST),
    "ServerTimeoutError": ("ServerConnectionError ClientConnectionError ClientError TimeoutError", LATE),
    "SocketTimeoutError": (
        "ServerTimeoutError ServerConnectionError ClientConnectionError ClientError",
        LATE,
    ),
    "InvalidURL": ("ClientError", UNSENT),
    "NonHttpUrlClientError": ("ClientError", UNSENT),
}
URLLIB3 = {
    "ProtocolError": ("HTTPError", LOST),
    "IncompleteRead": ("HTTPError", LOST),
    "MaxRetryError": ("RequestError PoolError HTTPError", LOST),
    "ReadTimeoutError": ("TimeoutError RequestError PoolError HTTPError", LATE),
    "DecodeError": ("HTTPError", BROKEN),
    "LocationParseError": ("LocationValueError ValueError HTTPError", UNSENT),
}
SDKS = {
    "APIConnectionError": ("APIError OpenAIError", LOST),
    "APITimeoutError": ("APIConnectionError APIError OpenAIError", LATE),
    "DeadlineExceeded": ("GatewayTimeout ServerError GoogleAPICallError", LATE),
    "ValidationError": ("ValueError", BROKEN),
}
LIBRARIES = {
    "httpx": HTTPX,
    "httpx2": HTTPX,
    "requests": REQUESTS,
    "aiohttp": AIOHTTP,
    "urllib3": URLLIB3,
    "SDKs": SDKS,
}
TABLE = [
    pytest.param(name, above, kind, id=f"{library}.{name}")
    for library, classes in LIBRARIES.items()
    for name, (above, kind) in classes.items()
]


def exception_class(name: str, above: str) -> type[Exception]:
    """A class of that name, derived from classes of those names."""
    base: type[Exception] = Exception
    for one in reversed(above.split()):
        base = {"OSError": OSError, "ValueError": ValueError, "RuntimeError": RuntimeError}.get(one) or type(
            one, (base,), {}
        )
    return type(name, (base,), {})


@pytest.mark.parametrize(("name", "above", "kind"), TABLE)
def test_exceptions_of_libraries(name: str, above: str, kind: type) -> None:
    cause = exception_class(name, above)("the message")
    error = as_stream_error(cause)
    assert type(error) is kind
    assert error.__cause__ is cause
    assert f"{name}: the message" in str(error)


@pytest.mark.parametrize(
    "library", ["httpx", "httpx2", "requests.exceptions", "aiohttp", "urllib3.exceptions"]
)
def test_the_real_exceptions(library: str) -> None:
    module = pytest.importorskip(library)
    for name, (above, kind) in LIBRARIES[library.split(".", maxsplit=1)[0]].items():
        real = getattr(module, name)
        lineage = {one.__name__ for one in real.__mro__}
        assert lineage >= set(above.split()) - {"InvalidURL"}, "the library has changed: so must the table"
        exception = type(name, (real,), {"__init__": lambda self: None, "__str__": lambda self: ""})()
        assert type(as_stream_error(exception)) is kind, name


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (ConnectionResetError(104, "Connection reset by peer"), LOST),
        (ConnectionRefusedError(), LOST),
        (BrokenPipeError(), LOST),
        (OSError(113, "No route to host"), LOST),
        (socket.gaierror(-2, "Name or service not known"), LOST),
        (ssl.SSLError("bad handshake"), LOST),
        (EOFError(), LOST),
        (asyncio.IncompleteReadError(b"", 3), LOST),
        (http.client.RemoteDisconnected(), LOST),
        (http.client.IncompleteRead(b""), LOST),
        (http.client.BadStatusLine("x"), LOST),
        (TimeoutError(), LATE),
        (json.JSONDecodeError("no", "x", 0), BROKEN),
        (msgspec.DecodeError("no"), BROKEN),
        (msgspec.ValidationError("no"), BROKEN),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"), BROKEN),
        (FileNotFoundError(2, "No such file", "model.gguf"), BUG),
        (PermissionError(13, "Permission denied", "model.gguf"), BUG),
        (IsADirectoryError(), BUG),
        (ValueError("no"), BUG),
        (KeyError("choices"), BUG),
        (NotImplementedError(), BUG),
        (MemoryError(), BUG),
        (UnicodeEncodeError("ascii", "é", 0, 1, "no"), BUG),
        (ExceptionGroup("several", [ValueError()]), BUG),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, BaseException) else None,
)
def test_exceptions_of_python(cause: Exception, kind: type) -> None:
    error = as_stream_error(cause)
    assert type(error) is kind
    assert type(cause).__name__ in str(error)
    assert error.retryable == (kind in (LOST, LATE))


def test_a_stream_error_is_not_changed() -> None:
    error = RateLimitError("429")
    assert as_stream_error(error) is error
    assert error.__cause__ is None


@pytest.mark.parametrize(("seen", "clock"), [(False, "first_delta"), (True, "idle")])
def test_the_kind_of_a_timeout_of_the_sdk_depends_on_its_moment(seen: bool, clock: str) -> None:
    assert as_stream_error(TimeoutError(), first_delta_seen=seen).clock == clock


def test_the_kind_of_a_lost_connection_depends_on_its_moment() -> None:
    cause = ConnectionResetError("reset")
    assert "could not be reached (ConnectionResetError: reset)" in str(as_stream_error(cause))
    assert "connection was lost (" in str(as_stream_error(cause, first_delta_seen=True))


def test_a_request_that_could_not_be_sent_is_not_retried() -> None:
    """A base_url without http:// is the most common case."""
    error = as_stream_error(
        exception_class("UnsupportedProtocol", "TransportError")("Request URL is missing an 'http://'")
    )
    assert not error.retryable
    assert "could not be sent (UnsupportedProtocol: Request URL is missing an 'http://')" in str(error)


def test_a_protocol_error_in_the_middle_is_not_an_error_of_the_request() -> None:
    cause = exception_class("LocalProtocolError", "ProtocolError TransportError")()
    assert type(as_stream_error(cause, first_delta_seen=True)) is ConnectionLostError


def test_a_read_timeout_in_the_middle_is_one_even_if_requests_calls_it_a_connection_error() -> None:
    inner = exception_class("ReadTimeoutError", "TimeoutError HTTPError")("Read timed out.")
    outer = exception_class("ConnectionError", "RequestException OSError")(inner)
    assert type(as_stream_error(outer, first_delta_seen=True)) is StreamTimeoutError


# Exceptions that carry an HTTP answer: `raise_for_status` of a wrapper that does its HTTP itself


class Answer:
    def __init__(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.status_code = status
        self.headers = headers or {}


def httpx_status_error(status: int, headers: dict[str, str] | None = None) -> Exception:
    error = exception_class("HTTPStatusError", "HTTPError")(f"Client error '{status}'")
    error.response = Answer(status, headers)  # type: ignore[attr-defined]
    return error


def requests_http_error(status: int, headers: dict[str, str] | None = None) -> Exception:
    error = exception_class("HTTPError", "RequestException OSError")(f"{status} Client Error")
    error.response = Answer(status, headers)  # type: ignore[attr-defined]
    return error


def aiohttp_response_error(status: int, headers: dict[str, str] | None = None) -> Exception:
    error = exception_class("ClientResponseError", "ClientError")(f"{status}, message='no'")
    error.status, error.headers = status, headers  # type: ignore[attr-defined]
    return error


def urllib_http_error(status: int, headers: dict[str, str] | None = None) -> Exception:
    error = exception_class("HTTPError", "URLError OSError")(f"HTTP Error {status}")
    error.code, error.headers = status, headers or {}  # type: ignore[attr-defined]
    return error


with_answers = pytest.mark.parametrize(
    "make", [httpx_status_error, requests_http_error, aiohttp_response_error, urllib_http_error]
)


@with_answers
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (404, BadRequestError),
        (429, RateLimitError),
        (503, ProviderError),
    ],
)
def test_exceptions_that_carry_a_status(make: Any, status: int, kind: type) -> None:
    cause = make(status, {"retry-after": "7"})
    error = as_stream_error(cause)
    assert type(error) is kind
    assert error.status == status
    assert error.__cause__ is cause
    assert str(cause) in str(error)
    assert error.retry_after == (7.0 if status in (429, 503) else None)


@pytest.mark.parametrize("status", [None, "no", 200, 7, True, lambda: 404])
def test_attributes_that_only_look_like_a_status(status: Any) -> None:
    cause = ValueError("no")
    cause.code = cause.status_code = cause.status = status  # type: ignore[attr-defined]
    assert type(as_stream_error(cause)) is StreamError
