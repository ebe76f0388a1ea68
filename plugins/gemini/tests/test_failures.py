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
    MalformedDataError,
    ProviderError,
    RateLimitError,
    StreamTimeoutError,
    TruncatedStreamError,
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


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("wrapped", [False, True], ids=["plain", "in a list"])
@pytest.mark.parametrize(("status", "word", "details", "kind"), STATUSES)
def test_statuses(*, model, server, answer_of, status, word, details, kind, wrapped, stream):
    body = error(status, word, *details)
    server.play(Answer.of_json([body] if wrapped else body, status))
    got = answer_of(model, stream=stream)
    assert type(got.error) is kind
    assert str(got.error) == f"gemini_chat: HTTP {status}: no"
    assert (got.error.status, got.error.code) == (status, "API_KEY_INVALID" if BAD_KEY in details else word)
    assert got.error.retryable == (kind in (RateLimitError, ProviderError))
    assert got.error.retry_after == (1.5 if WAIT in details else None)
    assert got.error.partial_text == ""
    assert len(server.requests) == 1


def test_the_header_counts_where_there_is_no_other_word(model, server, answer_of):
    server.play(Answer.of_json(error(429, "RESOURCE_EXHAUSTED"), 429, {"Retry-After": "3"}))
    assert answer_of(model).error.retry_after == 3


@pytest.mark.parametrize(
    "body", [{"error": {"code": 503, "details": 3}}, {"error": "no"}, ["no"], [], {}, "no", None, 7]
)
def test_odd_error_bodies(model, server, answer_of, body):
    server.play(Answer.of_json(body, 503))
    assert type(answer_of(model).error) is ProviderError


def test_an_odd_delay_is_none(model, server, answer_of):
    server.play(Answer.of_json(error(429, "RESOURCE_EXHAUSTED", {**WAIT, "retryDelay": "soon"}, 3), 429))
    assert answer_of(model).error.retry_after is None


def test_an_error_page(model, server, answer_of):
    server.play(Answer([b"<html><h1>Bad gateway</h1></html>"], 502, {"Content-Type": "text/html"}))
    got = answer_of(model)
    assert type(got.error) is ProviderError
    assert "HTTP 502: <html><h1>Bad gateway" in str(got.error)


@pytest.mark.parametrize("stream", [True, False])
def test_a_welcome_page(model, server, answer_of, stream):
    server.play(Answer([b"<html>Welcome</html>"], headers={"Content-Type": "text/html"}))
    got = answer_of(model, stream=stream)
    assert type(got.error) is MalformedDataError
    assert "is base_url right?" in str(got.error)


def test_nobody_listens(model_of, answer_of):
    url = refused_url()
    got = answer_of(model_of(url))
    assert type(got.error) is ConnectionLostError
    assert f" at {url}/v1beta/models/gemini-test:streamGenerateContent" in str(got.error)


def test_an_address_that_is_none(model_of, answer_of):
    for url in ("nonsense", "ftp://example.org"):
        error = answer_of(model_of(url)).error
        assert isinstance(error, BadRequestError | ConnectionLostError)


@pytest.mark.parametrize("end", [End.CUT, End.RESET])
def test_closed_before_the_headers(model, server, answer_of, end):
    server.play(Answer(status=None, end=end))
    assert type(answer_of(model).error) is ConnectionLostError


@pytest.mark.parametrize("end", [End.CUT, End.RESET])
def test_lost_in_the_middle(model, server, wire, answer_of, end):
    server.play(Answer([wire.text("Hel"), wire.text("lo")], end=end))
    got = answer_of(model)
    assert isinstance(got.error, ConnectionLostError)
    assert got.error.partial_text == got.text
    # A reset may overtake what was sent before it.
    assert got.text == "Hello" or end is End.RESET
    assert not any(snapshot.last for snapshot in got.snapshots)


@pytest.mark.parametrize("end", [End.CUT, End.RESET])
def test_lost_behind_a_stop_that_needs_the_end_of_the_body(model, server, wire, answer_of, end):
    server.play(Answer([wire.text("Hel", "STOP")], end=end))
    assert isinstance(answer_of(model).error, ConnectionLostError)


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_ended_without_a_finish(model, server, wire, answer_of, framing):
    server.play(Answer([wire.text("Hel"), wire.text("lo")], framing=framing))
    got = answer_of(model)
    assert type(got.error) is TruncatedStreamError
    assert (got.error.partial_text, got.snapshots) == ("Hello", [(False, "Hel"), (False, "Hello")])


@pytest.mark.parametrize("half", [b'data: {"candidates":[{"con', b'data: {"candidates":[{"content":"\xc3'])
def test_half_a_frame(model, server, wire, answer_of, half):
    server.play(Answer([wire.text("Hello"), half]))
    got = answer_of(model)
    assert type(got.error) is TruncatedStreamError
    assert got.error.partial_text == "Hello"


@pytest.mark.parametrize("garbage", [b"{garbage}", b"[1]", b'{"candidates": 7}', b"[DONE]", b'"text"'])
def test_garbage_for_a_frame(model, server, wire, answer_of, garbage):
    server.play(Answer([wire.text("Hello"), b"data: %b\n\n" % garbage, wire.text("more", "STOP")]))
    got = answer_of(model)
    assert type(got.error) is MalformedDataError
    assert (got.error.partial_text, got.error.first_delta_seen) == ("Hello", True)
    assert server.connections[0].disconnected.wait(SOON)


@pytest.mark.parametrize("wrapped", [False, True], ids=["plain", "in a list"])
def test_B39_an_error_frame(model, server, wire, answer_of, wrapped):
    frames = [wire.candidate({"text": "Hello"}), error(503, "UNAVAILABLE", WAIT)]
    body = wire.event(frames[0]) + wire.event(frames[1])
    if wrapped:
        body = body.replace(b"\r\n\r\ndata: ", b",").replace(b"data: ", b"[").strip() + b"]"
    server.play(Answer([body]))
    got = answer_of(model)
    assert type(got.error) is ProviderError
    assert str(got.error) == "gemini_chat: the provider sent an error: no"
    assert (got.error.status, got.error.code, got.error.retry_after) == (503, "UNAVAILABLE", 1.5)
    assert (got.error.partial_text, got.error.retryable) == ("Hello", True)


@pytest.mark.parametrize(
    ("data", "kind", "says"),
    [
        (b'{"error":{"code":429,"message":"slowly"}}', RateLimitError, "slowly"),
        (b'{"message":"down","code":503}', ProviderError, "down"),
        (b"oops", ProviderError, "oops"),
    ],
)
def test_an_event_that_is_named_error(*, model, server, wire, answer_of, data, kind, says):
    server.play(Answer([wire.text("Hello"), b"event: error\ndata: %b\n\n" % data]))
    got = answer_of(model)
    assert type(got.error) is kind
    assert str(got.error) == f"gemini_chat: the provider sent an error: {says}"
    assert got.error.partial_text == "Hello"


def test_an_error_with_status_200(model, server, answer_of):
    for body in (error(429, "RESOURCE_EXHAUSTED", WAIT), [error(429, "RESOURCE_EXHAUSTED", WAIT)]):
        server.play(Answer.of_json(body))
        for stream in (True, False):
            got = answer_of(model, stream=stream)
            assert type(got.error) is RateLimitError
            assert got.error.retry_after == 1.5


@pytest.mark.parametrize("framing", ["chunked", "length"])
def test_an_empty_answer(model, server, answer_of, framing):
    server.play(Answer(framing=framing))
    assert type(answer_of(model).error) is TruncatedStreamError


def test_B44_usage_is_kept_after_an_error(model, server, wire, answer_of):
    frame = {**wire.candidate({"text": "Hello"}), "usageMetadata": wire.usage}
    server.play(Answer([wire.event(frame)]))
    got = answer_of(model)
    assert (got.error.usage.input_tokens, got.error.usage.output_tokens) == (3, 2)


# Timeouts


def elapsed_within(clock, seconds, ask):
    begin = time.monotonic()
    failure = ask().error
    assert type(failure) is StreamTimeoutError
    assert failure.clock == clock
    assert seconds <= time.monotonic() - begin < seconds + SOON
    return failure


@pytest.fixture(params=["first_delta_timeout", "total_timeout"])
def hurried(server, model_of, answer_of, request):
    """A model whose SDK is loaded, so that no time goes into that, with 0.3 s for its answers."""
    model = model_of(server.url, **{request.param: 60})
    assert answer_of(model).text == "Hello"
    setattr(model.config, request.param, 0.3)
    return model


def test_silence_before_the_headers(server, hurried, answer_of):
    server.play(Answer(status=None, end=End.SILENCE))
    failure = answer_of(hurried).error
    assert type(failure) is StreamTimeoutError
    assert failure.clock in ("first_delta", "total")
    assert server.connections[-1].disconnected.wait(SOON)


def test_silence_before_the_body_of_a_refusal(server, hurried, answer_of):
    server.play(Answer([], 503, end=End.SILENCE))
    assert type(answer_of(hurried).error) is StreamTimeoutError
    assert server.connections[-1].disconnected.wait(SOON)


def test_silence_before_the_first_delta(server, model_of, answer_of):
    server.play(Answer(end=End.SILENCE))
    model = model_of(server.url, first_delta_timeout=0.3)
    elapsed_within("first_delta", 0.3, lambda: answer_of(model))
    assert server.connections[0].disconnected.wait(SOON)


def test_silence_in_the_middle(server, model_of, wire, answer_of):
    server.play(Answer([wire.text("Hello")], end=End.SILENCE))
    model = model_of(server.url, idle_timeout=0.3)
    failure = elapsed_within("idle", 0.3, lambda: answer_of(model))
    assert failure.partial_text == "Hello"
    assert server.connections[0].disconnected.wait(SOON)


def test_silence_after_the_finish_is_no_error_and_is_not_waited_for(
    server, model_of, wire, answer_of, monkeypatch
):
    monkeypatch.setattr(timeouts, "FINISH_GRACE", 0.2)
    server.play(Answer([wire.text("Hello"), wire.end], end=End.SILENCE))
    begin = time.monotonic()
    got = answer_of(model_of(server.url))
    assert (got.snapshots[-1], got.error) == ((True, "Hello"), None)
    assert time.monotonic() - begin < SOON
    assert server.connections[0].disconnected.wait(SOON)


def test_comments_are_no_deltas(server, model_of, answer_of):
    server.play(Answer([b": keep-alive\n\n"], end=End.SILENCE))
    model = model_of(server.url, first_delta_timeout=0.3)
    elapsed_within("first_delta", 0.3, lambda: answer_of(model))


def test_the_limit_of_the_headers_does_not_rule_the_stream(server, model_of, wire):
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


def test_another_try_after_what_passes(server, model_of, wire, answer_of):
    soon = {**WAIT, "retryDelay": "0.01s"}
    server.play(
        Answer.of_json(error(429, "RESOURCE_EXHAUSTED", soon), 429),
        Answer.of_json([error(503, "UNAVAILABLE", soon)], 503),
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
    server.play(Answer.of_json(error(400, "INVALID_ARGUMENT"), 400))
    assert isinstance(answer_of(model_of(server.url, max_retries=2)).error, BadRequestError)
    assert len(server.requests) == 1
