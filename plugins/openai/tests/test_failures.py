"""Failed calls raise the errors of modelstream, with exact messages."""

from __future__ import annotations

import threading

import pytest

from modelstream.errors import (
    AuthenticationError,
    BadRequestError,
    ConnectionLostError,
    ContentFilteredError,
    MalformedDataError,
    ProviderError,
    RateLimitError,
)
from modelstream.testing.server import Answer, End, Gate, refused_url

SOON = 10.0


def refusal(status, error, **headers):
    return Answer.of_json(
        {"error": error}, status, {name.replace("_", "-"): value for name, value in headers.items()}
    )


STATUSES = [
    (400, {"message": "no", "code": "bad"}, BadRequestError),
    (400, {"message": "no", "code": "content_filter"}, ContentFilteredError),
    (403, {"message": "no", "code": None, "type": "forbidden"}, AuthenticationError),
    (429, {"message": "no", "code": "rate_limit_exceeded"}, RateLimitError),
    (529, {"message": "no", "code": "oops"}, ProviderError),
]


@pytest.mark.parametrize(("status", "error", "kind"), STATUSES)
def test_codes(*, model, server, read, status, error, kind):
    server.play(refusal(status, error, Retry_After="2"))
    got = read(model)
    assert type(got.error) is kind
    assert str(got.error) == f"openai_chat: HTTP {status}: no"
    assert (got.error.status, got.error.code) == (status, error["code"] or error["type"])
    assert got.error.retryable == (kind in (RateLimitError, ProviderError))


def test_a_web_page_with_an_error_status(model, server, read):
    page = Answer([b"<html><h1>Bad gateway</h1></html>"], 502, {"Content-Type": "text/html"})
    server.play(page)
    got = read(model)
    assert type(got.error) is ProviderError
    assert "HTTP 502: <html><h1>Bad gateway" in str(got.error)


def test_a_web_page_with_status_200(model, server, read):
    server.play(Answer([b"<html>Welcome</html>"], headers={"Content-Type": "text/html"}))
    got = read(model)
    assert type(got.error) is MalformedDataError
    assert "check base_url" in str(got.error)


def test_no_server_listens(model_of, read):
    url = refused_url()
    got = read(model_of(url))
    assert type(got.error) is ConnectionLostError
    assert "refused" in str(got.error).lower() or "connection attempts failed" in str(got.error)
    assert f" at {url}/v1/chat/completions" in str(got.error)


def test_a_frame_that_is_not_json(model, server, wire, read):
    server.play(Answer([wire.text("Hello"), b"data: {garbage}\n\n", wire.text("more", "stop")]))
    got = read(model)
    assert type(got.error) is MalformedDataError
    assert "{garbage}" in str(got.error)
    assert (got.error.partial_text, got.error.first_delta_seen) == ("Hello", True)
    assert server.connections[0].disconnected.wait(SOON)


def test_an_error_frame(model, server, wire, read):
    error = wire.event(
        {"error": {"message": "The server had an error", "type": "server_error", "code": None}}
    )
    server.play(Answer([wire.text("Hello"), error]))
    got = read(model)
    assert type(got.error) is ProviderError
    assert str(got.error) == "openai_chat: the provider sent an error: The server had an error"
    assert got.error.partial_text == "Hello"


def test_an_error_with_status_200(model, server, read):
    server.play(refusal(200, {"message": "slow down", "code": 429}))
    for stream in (True, False):
        assert type(read(model, stream=stream).error) is RateLimitError


# Timeouts


def test_comments_do_not_count_as_the_first_delta(server, model_of, read):
    server.play(Answer([b": keep-alive\n\n"], end=End.SILENCE))
    model = model_of(server.url, first_delta_timeout=0.3)
    assert read(model).error.clock == "first_delta"


def test_the_timeout_for_headers_does_not_apply_to_the_stream(server, model_of, wire):
    gate = Gate()
    server.play(Answer([wire.text("Hel"), gate, wire.text("lo", "stop")]))
    model = model_of(server.url, client_args={"timeout": 1})
    snapshots = model("hi", stream=True).stream
    assert next(snapshots) == (False, "Hel")
    gate.reached.wait()
    opener = threading.Timer(1.3, gate.open)
    opener.start()
    assert list(snapshots) == [(False, "Hello"), (True, "Hello")]
    opener.join()


def test_the_timeout_of_client_args_applies_to_the_headers(server, model_of, read):
    server.play(Answer(status=None, end=End.SILENCE))
    model = model_of(server.url, client_args={"timeout": 0.3})
    assert read(model).error.clock == "first_delta"


# Retries


@pytest.mark.parametrize("transport", ["sdk"], indirect=True)
def test_the_sdk_retries_only_on_request(server, model_of, wire, read):
    server.play(refusal(429, {"message": "slow down"}, Retry_After="0.01"), wire.hello)
    got = read(model_of(server.url, client_args={"max_retries": 1}))
    assert (got.text, len(server.requests)) == ("Hello", 2)
