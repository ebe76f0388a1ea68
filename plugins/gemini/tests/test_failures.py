"""Failed calls raise the errors of modelstream, with exact messages."""

from __future__ import annotations

import threading

import pytest

from modelstream.errors import (
    AuthenticationError,
    BadRequestError,
    ConfigError,
    ConnectionLostError,
    MalformedDataError,
    ProviderError,
    RateLimitError,
)
from modelstream.testing.server import Answer, End, Gate, refused_url

SOON = 10.0

WAIT = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.5s"}
BAD_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}


def error(code, status, *details):
    return {"error": {"code": code, "message": "no", "status": status, "details": list(details)}}


STATUSES = [
    (400, "INVALID_ARGUMENT", (), BadRequestError),
    (400, "INVALID_ARGUMENT", (BAD_KEY,), AuthenticationError),
    (401, "UNAUTHENTICATED", (), AuthenticationError),
    (403, "PERMISSION_DENIED", (), AuthenticationError),
    (404, "NOT_FOUND", (), BadRequestError),
    (429, "RESOURCE_EXHAUSTED", (WAIT,), RateLimitError),
    (500, "INTERNAL", (), ProviderError),
    (503, "UNAVAILABLE", (WAIT,), ProviderError),
    (504, "DEADLINE_EXCEEDED", (), ProviderError),
]


@pytest.mark.parametrize("wrapped", [False, True], ids=["plain", "in a list"])
@pytest.mark.parametrize(("status", "name", "details", "kind"), STATUSES)
def test_statuses(*, model, server, read, status, name, details, kind, wrapped):
    body = error(status, name, *details)
    server.play(Answer.of_json([body] if wrapped else body, status))
    got = read(model)
    assert type(got.error) is kind
    assert str(got.error) == f"gemini_chat: HTTP {status}: no"
    assert (got.error.status, got.error.code) == (status, "API_KEY_INVALID" if BAD_KEY in details else name)
    assert got.error.retryable == (kind in (RateLimitError, ProviderError))
    assert got.error.retry_after == (1.5 if WAIT in details else None)


def test_retry_after_header_without_a_delay_in_the_body(model, server, read):
    server.play(Answer.of_json(error(429, "RESOURCE_EXHAUSTED"), 429, {"Retry-After": "3"}))
    assert read(model).error.retry_after == 3


@pytest.mark.parametrize(
    "body", [{"error": {"code": 503, "details": 3}}, {"error": "no"}, ["no"], [], {}, "no", None, 7]
)
def test_error_bodies_in_other_forms(model, server, read, body):
    server.play(Answer.of_json(body, 503))
    assert type(read(model).error) is ProviderError


def test_an_invalid_delay_is_ignored(model, server, read):
    server.play(Answer.of_json(error(429, "RESOURCE_EXHAUSTED", {**WAIT, "retryDelay": "soon"}, 3), 429))
    assert read(model).error.retry_after is None


def test_no_server_listens(model_of, read):
    url = refused_url()
    got = read(model_of(url))
    assert type(got.error) is ConnectionLostError
    assert f" at {url}/v1beta/models/gemini-test:streamGenerateContent" in str(got.error)


@pytest.mark.parametrize("url", ["nonsense", "ftp://example.org"])
def test_an_invalid_address(model_of, url):
    with pytest.raises(ConfigError, match=f"'{url}' is not a valid URL"):
        model_of(url)


@pytest.mark.parametrize("end", [End.CUT, End.RESET])
def test_lost_after_a_stop(model, server, wire, read, end):
    server.play(Answer([wire.text("Hello", "STOP")], end=end))
    got = read(model)
    assert (got.error, got.snapshots[-1]) == (None, (True, "Hello"))


@pytest.mark.parametrize("end", [End.CUT, End.RESET])
def test_lost_after_a_stop_that_came_with_every_chunk(model, server, wire, read, end):
    server.play(Answer([wire.text("Hel", "STOP"), wire.text("lo", "STOP")], end=end))
    got = read(model)
    assert isinstance(got.error, ConnectionLostError)
    assert got.error.partial_text == "Hello"


@pytest.mark.parametrize("data", [b"{garbage}", b"[1]", b"[DONE]", b'"text"'])
def test_a_frame_that_is_not_valid(model, server, wire, read, data):
    server.play(Answer([wire.text("Hello"), b"data: %b\n\n" % data, wire.text("more", "STOP")]))
    got = read(model)
    assert type(got.error) is MalformedDataError
    assert (got.error.partial_text, got.error.first_delta_seen) == ("Hello", True)
    assert server.connections[0].disconnected.wait(SOON)


@pytest.mark.parametrize("wrapped", [False, True], ids=["plain", "in a list"])
def test_B39_an_error_frame(model, server, wire, read, wrapped):
    frames = [wire.candidate({"text": "Hello"}), error(503, "UNAVAILABLE", WAIT)]
    body = wire.event(frames[0]) + wire.event(frames[1])
    if wrapped:
        body = body.replace(b"\r\n\r\ndata: ", b",").replace(b"data: ", b"[").strip() + b"]"
    server.play(Answer([body]))
    got = read(model)
    assert type(got.error) is ProviderError
    assert str(got.error) == "gemini_chat: the provider sent an error: no"
    assert (got.error.status, got.error.code, got.error.retry_after) == (503, "UNAVAILABLE", 1.5)
    assert (got.error.partial_text, got.error.retryable) == ("Hello", True)


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        (b'{"error":{"code":429,"message":"slowly"}}', RateLimitError, "slowly"),
        (b'{"message":"down","code":503}', ProviderError, "down"),
        (b"oops", ProviderError, "oops"),
    ],
)
def test_an_event_that_is_named_error(*, model, server, wire, read, data, kind, message):
    server.play(Answer([wire.text("Hello"), b"event: error\ndata: %b\n\n" % data]))
    got = read(model)
    assert type(got.error) is kind
    assert str(got.error) == f"gemini_chat: the provider sent an error: {message}"
    assert got.error.partial_text == "Hello"


def test_an_error_with_status_200(model, server, read):
    for body in (error(429, "RESOURCE_EXHAUSTED", WAIT), [error(429, "RESOURCE_EXHAUSTED", WAIT)]):
        server.play(Answer.of_json(body))
        for stream in (True, False):
            got = read(model, stream=stream)
            assert type(got.error) is RateLimitError
            assert got.error.retry_after == 1.5


# Timeouts


def test_the_timeout_for_headers_does_not_apply_to_the_stream(server, model_of, wire):
    model = model_of(server.url)
    assert model("hi").text == "Hello"
    model.config.first_delta_timeout = 0.2
    gate = Gate()
    server.play(Answer([wire.text("Hel"), gate, wire.text("lo"), wire.end]))
    snapshots = model("hi", stream=True).stream
    assert next(snapshots) == (False, "Hel")
    gate.reached.wait()
    opener = threading.Timer(0.5, gate.open)
    opener.start()
    assert list(snapshots) == [(False, "Hello"), (True, "Hello")]
    opener.join()


# Retries


def test_retries_after_temporary_errors(server, model_of, wire, read):
    soon = {**WAIT, "retryDelay": "0.01s"}
    server.play(
        Answer.of_json(error(429, "RESOURCE_EXHAUSTED", soon), 429),
        Answer.of_json([error(503, "UNAVAILABLE", soon)], 503),
        wire.hello,
    )
    got = read(model_of(server.url, max_retries=2))
    assert (got.text, got.error) == ("Hello", None)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "counts", [{}, {"usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 0}}]
)
def test_counts_beside_a_passing_failure_do_not_stop_a_retry(
    model_of, server, read, answer, monkeypatch, wire, counts
):
    monkeypatch.setattr("modelstream.call.retries.FIRST_PAUSE", 0.0)
    malformed = {"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}], **counts}
    server.play(Answer([wire.event(malformed)]), answer)
    got = read(model_of(server.url, max_retries=1))
    assert got.error is None
    assert len(server.requests) == 2


SIGNED = {"candidates": [{"content": {"parts": [{"text": "", "thoughtSignature": "c2lnbmVk"}]}}]}
COUNTS = {"usageMetadata": {"promptTokenCount": 3}}


@pytest.mark.parametrize(
    "frames", [[SIGNED], [{**SIGNED, **COUNTS}], [COUNTS, SIGNED], [SIGNED, COUNTS, SIGNED]]
)
def test_signatures_and_counts_do_not_stop_a_retry(model_of, server, read, answer, monkeypatch, wire, frames):
    monkeypatch.setattr("modelstream.call.retries.FIRST_PAUSE", 0.0)
    failure = {"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}
    server.play(Answer([wire.event(frame) for frame in [*frames, failure]]), answer)
    got = read(model_of(server.url, max_retries=1))
    assert got.error is None
    assert "provider_state" not in got.response.message
    assert len(server.requests) == 2
