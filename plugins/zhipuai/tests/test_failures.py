"""Failing calls: the type, the message and the attributes of each error."""

from __future__ import annotations

import threading

import pytest

from modelstream.errors import (
    AuthenticationError,
    BadRequestError,
    ConfigError,
    ConnectionLostError,
    ContentFilteredError,
    ProviderError,
    RateLimitError,
)
from modelstream.testing.server import Answer, End, Gate, refused_url

HELLO = [(False, "Hel"), (False, "Hello")]


@pytest.fixture
def hello(wire):
    """The frames of an answer, without its end."""
    return [wire.text("Hel"), wire.text("lo")]


# Before the answer


@pytest.mark.parametrize(
    ("status", "code", "kind", "retryable"),
    [
        (400, "1210", BadRequestError, False),
        (400, "1301", ContentFilteredError, False),
        (401, "1002", AuthenticationError, False),
        (403, "unknown", AuthenticationError, False),
        (404, "1211", BadRequestError, False),
        (429, "1113", RateLimitError, False),
        (429, "1302", RateLimitError, True),
        (429, "1310", RateLimitError, False),
        (429, "1311", AuthenticationError, False),
        (429, "unknown", RateLimitError, True),
        (500, "500", ProviderError, True),
        (503, "unknown", ProviderError, True),
    ],
)
def test_B19_a_refusal_is_raised_by_the_call(*, server, model_of, refused, status, code, kind, retryable):
    server.play(Answer.of_json({"error": {"code": code, "message": "说明"}}, status))
    error = refused(model_of())
    assert type(error) is kind
    assert str(error) == f"zhipuai_chat: HTTP {status}: 说明"
    assert (error.status, error.code, error.retryable) == (status, code, retryable)


def test_a_wrong_path(server, model_of, refused):
    server.play(Answer.of_json({"status": 404, "error": "Not Found", "path": "/v5/chat/completions"}, 404))
    error = refused(model_of(base_url=f"{server.url}/v5"))
    assert type(error) is BadRequestError
    assert str(error).endswith(
        "HTTP 404: Not Found\nIs base_url right? It is the address up to and including /v4."
    )


def test_no_server(model_of, refused):
    url = refused_url()
    error = refused(model_of(base_url=f"{url}/v4"))
    assert type(error) is ConnectionLostError
    assert str(error).endswith(f" at {url}/v4/chat/completions")


def test_retried_after_the_time_in_retry_after(server, model_of, read, wire):
    server.play(
        Answer.of_json({"error": {"code": "1302", "message": "slow down"}}, 429, {"Retry-After": "0"}),
        Answer.of_json({"error": {"code": "1234", "message": "network"}}, 400, {"Retry-After": "0"}),
        wire.hello,
    )
    assert read(model_of(max_retries=2)).text == "Hello"
    assert len(server.requests) == 3


# In the middle


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("1302", RateLimitError),
        ("1301", ContentFilteredError),
        ("1214", BadRequestError),
        ("500", ProviderError),
    ],
)
def test_B16_an_error_in_the_stream_keeps_the_text(*, server, model_of, read, wire, hello, code, kind):
    server.play(Answer([*hello, wire.event({"error": {"code": code, "message": "说明"}})]))
    got = read(model_of())
    assert (type(got.error), got.error.code, got.snapshots) == (kind, code, HELLO)
    assert "说明" in str(got.error)
    assert got.error.partial_text == "Hello"


@pytest.mark.parametrize("stream", [True, False])
def test_an_error_instead_of_an_answer(server, model_of, stream):
    server.play(Answer.of_json({"error": {"code": "1302", "message": "slow down"}}))
    with pytest.raises(RateLimitError, match="slow down"):
        model_of()("hi", stream=stream).text  # noqa: B018


def test_an_error_in_the_format_of_the_gateway(server, model_of, read, refused):
    server.play(Answer.of_json({"code": 1001, "msg": "说明", "success": False}))
    for error in (read(model_of()).error, refused(model_of(), stream=False)):
        assert (type(error), error.code) == (AuthenticationError, "1001")
        assert "说明" in str(error)


# Silence


def test_timeouts_of_the_client_and_of_a_call_apply_to_the_headers(server, model_of, refused):
    server.play(Answer(status=None, end=End.SILENCE))
    assert refused(model_of(client_args={"timeout": 0.3})).clock == "first_delta"
    assert refused(model_of(client_args={"timeout": 60}), timeout=0.3).clock == "first_delta"


def test_a_timeout_that_is_not_a_number(model_of):
    with pytest.raises(ConfigError, match="timeout is 'soon'"):
        model_of(client_args={"timeout": "soon"})("hi")
    with pytest.raises(ConfigError, match="timeout is 'soon'"):
        model_of()("hi", timeout="soon")


def test_the_timeout_for_the_headers_does_not_apply_to_the_stream(server, model_of, wire):
    gate = Gate()
    server.play(Answer([wire.text("Hel"), gate, wire.text("lo", "stop")]))
    snapshots = model_of(client_args={"timeout": 1})("hi", stream=True).stream
    assert next(snapshots) == (False, "Hel")
    opener = threading.Timer(1.3, gate.open)
    opener.start()
    assert list(snapshots) == [(False, "Hello"), (True, "Hello")]
    opener.join()
