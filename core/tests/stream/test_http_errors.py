"""HTTP error responses: the status, the body as providers write it, and Retry-After."""

from __future__ import annotations

import http.client
import importlib
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelstream.call.error_mapping import http_error
from modelstream.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilteredError,
    ProviderError,
    RateLimitError,
    StreamError,
)


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (302, ProviderError, False),
        (400, BadRequestError, False),
        (401, AuthenticationError, False),
        (402, BadRequestError, False),
        (403, AuthenticationError, False),
        (404, BadRequestError, False),
        (408, ProviderError, True),
        (409, ProviderError, True),
        (413, BadRequestError, False),
        (422, BadRequestError, False),
        (425, ProviderError, True),
        (429, RateLimitError, True),
        (500, ProviderError, True),
        (502, ProviderError, True),
        (503, ProviderError, True),
        (504, ProviderError, True),
        (529, ProviderError, True),
    ],
)
def test_each_status_has_its_error(status: int, kind: type, retryable: bool) -> None:
    error = http_error(status, b'{"error": {"message": "no", "code": "x"}}')
    assert type(error) is kind
    assert (error.status, error.code, error.retryable) == (status, "x", retryable)
    assert str(error) == f"HTTP {status}: no"


@pytest.mark.parametrize("code", ["insufficient_quota", "Arrearage", "1113"])
def test_an_exhausted_quota_is_not_retried(code: str) -> None:
    assert not http_error(429, {"error": {"code": code, "message": "pay"}}).retryable
    assert not http_error(429, {"error": {"type": code, "message": "pay"}}).retryable
    assert not http_error(429, {"code": code, "message": "pay"}).retryable


def test_a_code_that_is_a_number_is_compared_as_text() -> None:
    assert not http_error(429, {"error": {"code": 1113}}).retryable
    assert type(http_error(400, {"error": {"code": 1301}})) is ContentFilteredError


@pytest.mark.parametrize("code", ["content_filter", "DataInspectionFailed", "data_inspection_failed", "1301"])
@pytest.mark.parametrize("status", [400, 429, 500])
def test_a_content_filter_is_recognised_by_its_code(code: str, status: int) -> None:
    error = http_error(status, json.dumps({"error": {"code": code, "message": "no"}}))
    assert type(error) is ContentFilteredError
    assert (error.status, error.code, error.retryable) == (status, code, False)


@pytest.mark.parametrize(
    ("body", "code", "detail"),
    [
        ({"error": {"message": "no", "type": "t", "code": "c"}}, "c", "no"),
        ({"error": {"message": "no", "type": "t", "code": None}}, "t", "no"),
        ({"error": "no"}, None, "no"),
        ({"code": "InvalidApiKey", "message": "no"}, "InvalidApiKey", "no"),
        ([{"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}}], "400", "no"),
        ({"detail": "no"}, None, "no"),
        ({"code": 1001, "msg": "no", "success": False}, "1001", "no"),
        ({"detail": [{"loc": ["body"], "msg": "no"}]}, None, "[{'loc': ['body'], 'msg': 'no'}]"),
        ({"error": {"weird": 1}}, None, '{"weird": 1}'),
        ({"error": None, "message": "no"}, None, "no"),
        ([], None, ""),
        (["no"], None, "no"),
        ({}, None, "{}"),
        (None, None, ""),
        (b"", None, ""),
        ("", None, ""),
        (b"upstream timed out", None, "upstream timed out"),
        (b"\xff\xfe", None, "\ufffd\ufffd"),
        (b"5", None, "5"),
        (b"null", None, ""),
        (
            "<html>\n  <title>502 Bad Gateway</title>\n</html>",
            None,
            "<html> <title>502 Bad Gateway</title> </html>",
        ),
    ],
    ids=repr,
)
def test_bodies_as_providers_write_them(body: Any, code: str | None, detail: str) -> None:
    for one in (
        (body, json.dumps(body), json.dumps(body).encode()) if isinstance(body, dict | list) else (body,)
    ):
        error = http_error(500, one)
        assert (error.code, error.message) == (code, f"HTTP 500: {detail}" if detail else "HTTP 500")


def test_a_body_of_a_thousand_brackets_is_text() -> None:
    assert http_error(500, "[" * 100_000).message.startswith("HTTP 500: [[[")


def test_a_long_page_is_cut() -> None:
    error = http_error(502, "<html>" + "x" * 100_000)
    assert len(error.message) < 600
    assert error.message.endswith("…")


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["error", "code", "message", "type", "x"]), inner),
    ),
)


@given(st.integers(100, 999), st.one_of(st.none(), st.binary(), st.text(), json_values))
def test_no_body_breaks_it(status: int, body: Any) -> None:
    body = body if isinstance(body, bytes | str | dict | list) else None
    error = http_error(status, body, {"retry-after": "x"})
    assert isinstance(error, StreamError)
    assert str(error).startswith(f"HTTP {status}")
    assert "\n" not in str(error)


# Retry-After


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        (" 7 ", 7.0),
        ("-5", 0.0),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_retry_after_in_seconds(value: str, seconds: float | None) -> None:
    for name in ("retry-after", "Retry-After", "RETRY-AFTER"):
        assert http_error(429, b"", {name: value}).retry_after == seconds


def test_retry_after_as_a_date() -> None:
    soon = datetime.now(UTC) + timedelta(seconds=90)
    seconds = http_error(503, b"", {"retry-after": format_datetime(soon, usegmt=True)}).retry_after
    assert seconds is not None
    assert 85 < seconds <= 90
    assert http_error(503, b"", {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}).retry_after == 0.0


@pytest.mark.parametrize(
    "value", ["Wed, 21 Oct 2015 07:28:00 -0000", "Wed, 99 Oct 2015", "Wed, 21 Oct 99999 07:28:00 GMT"]
)
def test_an_invalid_date_is_not_waited_for(value: str) -> None:
    assert http_error(503, b"", {"retry-after": value}).retry_after in (None, 0.0)


def test_headers_of_libraries_are_mappings_of_their_own() -> None:
    message = http.client.HTTPMessage()
    message["Retry-After"] = "3"
    assert http_error(429, b"", message).retry_after == 3.0
    for library, path in (("httpx", "Headers"), ("requests.structures", "CaseInsensitiveDict")):
        try:
            headers = getattr(importlib.import_module(library), path)({"Retry-After": "3"})
        except ImportError:
            continue  # the first assertion stands for them
        assert http_error(429, b"", headers).retry_after == 3.0
