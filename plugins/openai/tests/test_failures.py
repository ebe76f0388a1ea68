"""What can go wrong with a call, and what the user is told: one of our errors, with the exact text."""

from __future__ import annotations

import threading
import time

import pytest

from modelstream.call import timeouts
from modelstream.errors import (
    AuthenticationError,
    BadRequestError,
    ConnectionLostError,
    ContentFilteredError,
    MalformedDataError,
    ProviderError,
    RateLimitError,
    StreamTimeoutError,
    TruncatedStreamError,
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
    (401, {"message": "no", "code": "invalid_api_key"}, AuthenticationError),
    (403, {"message": "no", "code": None, "type": "forbidden"}, AuthenticationError),
    (404, {"message": "no", "code": "model_not_found"}, BadRequestError),
    (429, {"message": "no", "code": "rate_limit_exceeded"}, RateLimitError),
    (500, {"message": "no", "code": "oops"}, ProviderError),
    (503, {"message": "no", "code": "oops"}, ProviderError),
    (529, {"message": "no", "code": "oops"}, ProviderError),
]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("status", "error", "kind"), STATUSES)
def test_statuses(*, model, server, answer_of, status, error, kind, stream):
    server.play(refusal(status, error, Retry_After="2"))
    got = answer_of(model, stream=stream)
    assert type(got.error) is kind
    assert str(got.error) == f"openai_chat: HTTP {status}: no"
    assert (got.error.status, got.error.code) == (status, error["code"] or error["type"])
    assert got.error.retryable == (kind in (RateLimitError, ProviderError))
    if got.error.retryable:
        assert got.error.retry_after == 2
    assert got.error.partial_text == ""
    assert len(server.requests) == 1


def test_an_error_page(model, server, answer_of):
    page = Answer([b"<html><h1>Bad gateway</h1></html>"], 502, {"Content-Type": "text/html"})
    server.play(page)
    got = answer_of(model)
    assert type(got.error) is ProviderError
    assert "HTTP 502: <html><h1>Bad gateway" in str(got.error)


def test_a_welcome_page(model, server, answer_of):
    server.play(Answer([b"<html>Welcome</html>"], headers={"Content-Type": "text/html"}))
    got = answer_of(model)
    assert type(got.error) is MalformedDataError
    assert "is base_url right?" in str(got.error)


def test_nobody_listens(model_of, answer_of):
    url = refused_url()
    got = answer_of(model_of(url))
    assert type(got.error) is ConnectionLostError
    assert "refused" in str(got.error).lower() or "connection attempts failed" in str(got.error)
    assert f" at {url}/v1/chat/completions" in str(got.error)


@pytest.mark.parametrize("end", [End.CUT, End.RESET])
def test_closed_before_the_headers(model, server, answer_of, end):
    server.play(Answer(status=None, end=end))
    assert type(answer_of(model).error) is ConnectionLostError


@pytest.mark.parametrize("end", [End.CUT, End.RESET])
def test_lost_in_the_middle(model, server, wire, answer_of, end):
    gate = Gate()
    server.play(Answer([wire.text("Hel"), wire.text("lo"), gate], end=end))
    gate.open()
    got = answer_of(model)
    assert isinstance(got.error, ConnectionLostError)
    assert got.error.partial_text == got.text
    # A reset may overtake what was sent before it.
    assert got.text == "Hello" or end is End.RESET
    assert not any(snapshot.last for snapshot in got.snapshots)


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_ended_without_a_finish(model, server, wire, answer_of, framing):
    server.play(Answer([wire.text("Hel"), wire.text("lo"), wire.done], framing=framing))
    got = answer_of(model)
    assert type(got.error) is TruncatedStreamError
    assert (got.error.partial_text, got.snapshots) == ("Hello", [(False, "Hel"), (False, "Hello")])


@pytest.mark.parametrize("half", [b'data: {"choices":[{"del', b'data: {"choices":[{"delta":{"content":"\xc3'])
def test_half_a_frame(model, server, wire, answer_of, half):
    server.play(Answer([wire.text("Hello"), half]))
    got = answer_of(model)
    assert type(got.error) is TruncatedStreamError
    assert got.error.partial_text == "Hello"


def test_garbage_for_a_frame(model, server, wire, answer_of):
    server.play(Answer([wire.text("Hello"), b"data: {garbage}\n\n", wire.text("more", "stop")]))
    got = answer_of(model)
    assert type(got.error) is MalformedDataError
    assert "{garbage}" in str(got.error)
    assert (got.error.partial_text, got.error.first_delta_seen) == ("Hello", True)
    assert server.connections[0].disconnected.wait(SOON)


def test_an_error_frame(model, server, wire, answer_of):
    error = wire.event(
        {"error": {"message": "The server had an error", "type": "server_error", "code": None}}
    )
    server.play(Answer([wire.text("Hello"), error]))
    got = answer_of(model)
    assert type(got.error) is ProviderError
    assert str(got.error) == "openai_chat: the provider sent an error: The server had an error"
    assert got.error.partial_text == "Hello"


def test_an_error_with_status_200(model, server, answer_of):
    server.play(refusal(200, {"message": "slow down", "code": 429}))
    for stream in (True, False):
        assert type(answer_of(model, stream=stream).error) is RateLimitError


@pytest.mark.parametrize("framing", ["chunked", "length"])
def test_an_empty_answer(model, server, answer_of, framing):
    server.play(Answer(framing=framing))
    assert type(answer_of(model).error) is TruncatedStreamError


def test_an_empty_document(model, server, answer_of):
    server.play(Answer(framing="length", headers={"Content-Type": "application/json"}))
    assert type(answer_of(model, stream=False).error) is MalformedDataError


# Timeouts


def elapsed_within(clock, seconds, ask):
    begin = time.monotonic()
    error = ask().error
    assert type(error) is StreamTimeoutError
    assert error.clock == clock
    assert seconds <= time.monotonic() - begin < seconds + SOON
    return error


def test_silence_before_the_headers(server, model_of, answer_of):
    server.play(Answer(status=None, end=End.SILENCE))
    model = model_of(server.url, first_delta_timeout=0.3)
    elapsed_within("first_delta", 0.3, lambda: answer_of(model))


def test_silence_before_the_first_delta(server, model_of, answer_of):
    server.play(Answer(end=End.SILENCE))
    model = model_of(server.url, first_delta_timeout=1)
    elapsed_within("first_delta", 1, lambda: answer_of(model))
    assert server.connections[0].disconnected.wait(SOON)


def test_silence_in_the_middle(server, model_of, wire, answer_of):
    server.play(Answer([wire.text("Hello")], end=End.SILENCE))
    model = model_of(server.url, idle_timeout=0.3)
    error = elapsed_within("idle", 0.3, lambda: answer_of(model))
    assert error.partial_text == "Hello"
    assert server.connections[0].disconnected.wait(SOON)


def test_silence_after_the_finish_is_no_error_and_is_not_waited_for(
    server, model_of, wire, answer_of, monkeypatch
):
    monkeypatch.setattr(timeouts, "FINISH_GRACE", 0.2)
    server.play(Answer([wire.text("Hello", "stop")], end=End.SILENCE))
    begin = time.monotonic()
    got = answer_of(model_of(server.url))
    assert (got.snapshots[-1], got.error) == ((True, "Hello"), None)
    assert time.monotonic() - begin < SOON
    assert server.connections[0].disconnected.wait(SOON)


def test_comments_are_no_deltas(server, model_of, wire, answer_of):
    server.play(Answer([b": keep-alive\n\n"], end=End.SILENCE))
    model = model_of(server.url, first_delta_timeout=0.3)
    elapsed_within("first_delta", 0.3, lambda: answer_of(model))


def test_the_limit_of_the_headers_does_not_rule_the_stream(server, model_of, wire):
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


def test_the_timeout_of_the_client_counts_for_the_headers(server, model_of, answer_of):
    server.play(Answer(status=None, end=End.SILENCE))
    model = model_of(server.url, client_args={"timeout": 0.3})
    elapsed_within("first_delta", 0.3, lambda: answer_of(model))


# Retries


def test_another_try_after_what_passes(server, model_of, wire, answer_of):
    server.play(
        refusal(429, {"message": "slow down"}, Retry_After="0.01"),
        refusal(503, {"message": "busy"}, Retry_After="0.01"),
        wire.hello,
    )
    got = answer_of(model_of(server.url, max_retries=2))
    assert (got.text, got.error) == ("Hello", None)
    assert len(server.requests) == 3


def test_no_other_try_after_text(server, model_of, wire, answer_of):
    server.play(Answer([wire.text("Hel")], end=End.CUT), wire.hello)
    got = answer_of(model_of(server.url, max_retries=2))
    assert isinstance(got.error, ConnectionLostError)
    assert (got.text, len(server.requests)) == ("Hel", 1)


def test_no_other_try_after_what_stays(server, model_of, answer_of):
    server.play(refusal(400, {"message": "no"}))
    assert isinstance(answer_of(model_of(server.url, max_retries=2)).error, BadRequestError)
    assert len(server.requests) == 1


@pytest.mark.parametrize("transport", ["sdk"], indirect=True)
def test_the_sdk_retries_only_on_request(server, model_of, wire, answer_of):
    server.play(refusal(429, {"message": "slow down"}, Retry_After="0.01"), wire.hello)
    got = answer_of(model_of(server.url, client_args={"max_retries": 1}))
    assert (got.text, len(server.requests)) == ("Hello", 2)
