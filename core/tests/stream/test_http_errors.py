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

from modelstream.call.error_bodies import http_error, is_error, sent_error
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


@pytest.mark.parametrize(
    "code",
    [
        "insufficient_quota",
        "Arrearage",
        "1113",
        "exceeded_current_quota_error",
        "billing_hard_limit_reached",
        "insufficient_balance",
        "insufficient_user_quota",
        "billing_not_active",
    ],
)
def test_an_exhausted_quota_is_not_retried(code: str) -> None:
    assert not http_error(429, {"error": {"code": code, "message": "pay"}}).retryable
    assert not http_error(429, {"error": {"type": code, "message": "pay"}}).retryable
    assert not http_error(429, {"code": code, "message": "pay"}).retryable


@pytest.mark.parametrize(
    "message",
    [
        "Insufficient Balance",
        "Your credit balance is too low to access the API",
        "Your account is not active, please check your billing details: billing is not active",
        "Your account org-1 is suspended due to insufficient balance, please recharge",
        "You are out of credits",
        "Your prepayment credits are depleted. Please go to AI Studio to manage your billing.",
        "Your team has either used all available credits or reached its monthly spending limit.",
        "You have exceeded your monthly included credits for Inference Providers.",
        "This key has reached its spend limit",
        "\u4f59\u989d\u4e0d\u8db3\u6216\u65e0\u53ef\u7528\u8d44\u6e90\u5305,\u8bf7\u5145\u503c",
    ],
)
def test_an_empty_account_is_recognised_by_words(message: str) -> None:
    assert not http_error(429, {"error": {"message": message}}).retryable


@pytest.mark.parametrize(
    "message",
    [
        "Rate limit reached for requests",
        "You exceeded your current quota, please check your plan and billing details. Please retry in 34s.",
        "Request was throttled",
        "You have exceeded the limit of 100 credits per minute",
    ],
)
def test_other_limits_are_retried(message: str) -> None:
    assert http_error(429, {"error": {"message": message}}).retryable


@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize("code", ["context_length_exceeded", "model_not_found"])
def test_a_precise_code_goes_over_a_status_of_the_server(status: int, code: str) -> None:
    error = http_error(status, {"error": {"code": code, "message": "no"}})
    assert type(error) is BadRequestError
    assert (error.status, error.retryable) == (status, False)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ({"error": {"code": "model_not_found", "message": "x"}}, BadRequestError, None),
        ({"error": {"type": "validation", "message": "x"}}, BadRequestError, None),
        ({"error": "x", "error_type": "validation"}, BadRequestError, None),
        ({"error": "x", "error_type": "overloaded"}, ProviderError, None),
        ({"message": "x", "statusCode": 401}, AuthenticationError, 401),
        ({"message": "x", "error_code": 429}, RateLimitError, 429),
        ({"error": {"message": "x", "errorCode": "503"}}, ProviderError, 503),
        ({"error": {"message": "This model's maximum context length is 10"}}, BadRequestError, None),
        ({"error": {"message": "The model `m` does not exist"}}, BadRequestError, None),
        ({"error": {"message": "Invalid API key"}}, AuthenticationError, None),
        ({"error": {"message": "Too Many Requests"}}, RateLimitError, None),
        ({"error": {"message": "boom"}}, ProviderError, None),
        (
            {"error": {"code": 403, "metadata": {"reasons": ["x"], "flagged_input": "y"}}},
            ContentFilteredError,
            403,
        ),
    ],
    ids=repr,
)
def test_an_error_without_an_http_status(body: Any, kind: type, status: int | None) -> None:
    error = sent_error(body)
    assert (type(error), error.status) == (kind, status)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            {"error": {"message": "outer", "metadata": {"raw": '{"error":{"message":"inner"}}'}}},
            "outer: inner",
        ),
        (
            {"error": {"message": "outer", "metadata": {"raw": {"error": {"message": "inner"}}}}},
            "outer: inner",
        ),
        ({"error": {"message": "outer", "metadata": {"raw": "inner"}}}, "outer: inner"),
        ({"error": {"message": "the same", "metadata": {"raw": "the same"}}}, "the same"),
        ({"error": {"message": '{"error": {"message": "inner"}}'}}, "inner"),
        ({"message": '[{"error": {"message": "inner"}}]'}, "inner"),
        ({"detail": {"error": {"message": "inner"}}}, "inner"),
        ({"message": "{half"}, "{half"),
        ({"error": "Internal Server Error", "message": "db down"}, "Internal Server Error: db down"),
        ({"errors": [{"message": "one"}, {"message": "two"}]}, "one; two"),
        ({"errors": ["one"]}, "one"),
    ],
    ids=repr,
)
def test_the_inner_reason_is_in_the_message(body: Any, words: str) -> None:
    assert http_error(400, body).message == f"HTTP 400: {words}"
    assert sent_error(json.dumps(body)).message == f"the provider sent an error: {words}"


@pytest.mark.parametrize(
    "body", [[], "x", None, {}, {"choices": []}, {"code": 0, "message": "Success"}], ids=repr
)
def test_what_is_no_error(body: Any) -> None:
    assert not is_error(body)


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
        ({"detail": [{"loc": ["body"], "msg": "no"}]}, None, "no"),
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


@pytest.mark.parametrize(
    ("value", "seconds"), [("250", 0.25), ("0", 0.0), ("x", 7.0), ("", 7.0), ("-1", 0.0)]
)
def test_retry_after_in_milliseconds_is_more_precise(value: str, seconds: float) -> None:
    assert http_error(429, b"", {"Retry-After-Ms": value, "Retry-After": "7"}).retry_after == seconds


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
