"""What can go wrong with a call, and what the user is told: one of our errors, with the exact text."""

from __future__ import annotations

import threading
import time

import pytest

from modelstream.errors import (
    AuthenticationError,
    BadRequestError,
    ConfigError,
    ConnectionLostError,
    ContentFilteredError,
    MalformedDataError,
    ProviderError,
    RateLimitError,
    StreamTimeoutError,
    TruncatedStreamError,
)
from modelstream.testing.server import Answer, End, Gate, refused_url

HELLO = [(False, "Hel"), (False, "Hello")]


@pytest.fixture
def hello(wire):
    """The frames of an answer, without its end."""
    return [wire.text("Hel"), wire.text("lo")]


# Before the answer


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("status", "code", "kind", "again"),
    [
        (400, "1210", BadRequestError, False),
        (400, "1301", ContentFilteredError, False),
        (401, "1002", AuthenticationError, False),
        (403, "unheard of", AuthenticationError, False),
        (404, "1211", BadRequestError, False),
        (429, "1113", RateLimitError, False),
        (429, "1302", RateLimitError, True),
        (429, "1310", RateLimitError, False),
        (429, "1311", AuthenticationError, False),
        (429, "unheard of", RateLimitError, True),
        (500, "500", ProviderError, True),
        (503, "unheard of", ProviderError, True),
    ],
)
def test_B19_what_the_provider_refuses_is_raised_by_the_call(
    *, server, model_of, refused, status, code, kind, again, stream
):
    server.play(Answer.of_json({"error": {"code": code, "message": "说明"}}, status, {"Retry-After": "2"}))
    error = refused(model_of(), stream=stream)
    assert type(error) is kind
    assert str(error) == f"zhipuai_chat: HTTP {status}: 说明"
    assert (error.status, error.code, error.retryable, error.partial_text) == (status, code, again, "")
    if again:
        assert error.retry_after == 2
    assert len(server.requests) == 1


def test_an_address_where_nothing_is(server, model_of, refused):
    server.play(Answer.of_json({"status": 404, "error": "Not Found", "path": "/v5/chat/completions"}, 404))
    error = refused(model_of(base_url=f"{server.url}/v5"))
    assert type(error) is BadRequestError
    assert str(error).endswith(
        "HTTP 404: Not Found\nIs base_url right? It is the address up to and with /v4."
    )


def test_an_error_page(server, model_of, refused):
    server.play(Answer([b"<html><h1>Bad gateway</h1></html>"], 502, {"Content-Type": "text/html"}))
    error = refused(model_of())
    assert type(error) is ProviderError
    assert "HTTP 502: <html><h1>Bad gateway" in str(error)


def test_a_welcome_page(server, model_of, refused):
    server.play(Answer([b"<html>Welcome</html>"], headers={"Content-Type": "text/html"}))
    error = refused(model_of())
    assert type(error) is MalformedDataError
    assert "is base_url right?" in str(error)


def test_nobody_listens(model_of, refused):
    url = refused_url()
    error = refused(model_of(base_url=f"{url}/v4"))
    assert type(error) is ConnectionLostError
    assert str(error).endswith(f" at {url}/v4/chat/completions")


@pytest.mark.parametrize("end", [End.CUT, End.RESET])
def test_closed_before_the_headers(server, model_of, refused, end):
    server.play(Answer(status=None, end=end))
    assert type(refused(model_of())) is ConnectionLostError


def test_asked_again_after_what_the_provider_asks_for(server, model_of, read, wire):
    server.play(
        Answer.of_json({"error": {"code": "1302", "message": "slow down"}}, 429, {"Retry-After": "0"}),
        Answer.of_json({"error": {"code": "1234", "message": "network"}}, 400, {"Retry-After": "0"}),
        wire.hello,
    )
    assert read(model_of(max_retries=2))[0].partial_text == "Hello"
    assert len(server.requests) == 3


# In the middle


@pytest.mark.parametrize("end", [End.CUT, End.RESET])
def test_B15_lost_in_the_middle(*, server, model_of, read, hello, end):
    gate = Gate()
    server.play(Answer([*hello, gate], end=end))
    gate.open()
    response, snapshots = read(model_of())
    assert type(response.error) is ConnectionLostError
    assert response.error.partial_text == response.partial_text
    # A reset may overtake what was sent before it.
    assert snapshots == HELLO or end is End.RESET
    assert not any(snapshot.last for snapshot in snapshots)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("1302", RateLimitError),
        ("1301", ContentFilteredError),
        ("1214", BadRequestError),
        ("500", ProviderError),
    ],
)
def test_B16_an_error_in_the_stream_keeps_what_came(*, server, model_of, read, wire, hello, code, kind):
    server.play(Answer([*hello, wire.event({"error": {"code": code, "message": "说明"}})]))
    response, snapshots = read(model_of())
    assert (type(response.error), response.error.code, snapshots) == (kind, code, HELLO)
    assert "说明" in str(response.error)
    assert response.error.partial_text == "Hello"


def test_B17_garbage_for_a_frame(server, model_of, read, hello, wire):
    server.play(Answer([*hello, b"data: {garbage}\n\n", wire.end, wire.done]))
    response, snapshots = read(model_of())
    assert (type(response.error), snapshots) == (MalformedDataError, HELLO)
    assert "{garbage}" in str(response.error)
    assert response.error.partial_text == "Hello"


@pytest.mark.parametrize("framing", ["chunked", "close"])
@pytest.mark.parametrize("done", [False, True])
def test_B18_an_end_without_a_finish_reason(*, server, model_of, read, wire, hello, framing, done):
    server.play(Answer([*hello, wire.done] if done else hello, framing=framing))
    response, snapshots = read(model_of())
    assert (type(response.error), snapshots) == (TruncatedStreamError, HELLO)
    assert response.error.partial_text == "Hello"


@pytest.mark.parametrize("half", [b'data: {"choices":[{"del', b'data: {"choices":[{"delta":{"content":"\xc3'])
def test_half_a_frame(*, server, model_of, read, hello, half):
    server.play(Answer([*hello, half]))
    response, snapshots = read(model_of())
    assert (type(response.error), snapshots) == (TruncatedStreamError, HELLO)


@pytest.mark.parametrize("stream", [True, False])
def test_an_error_that_stands_in_for_an_answer(server, model_of, stream):
    server.play(Answer.of_json({"error": {"code": "1302", "message": "slow down"}}))
    with pytest.raises(RateLimitError, match="slow down"):
        model_of()("hi", stream=stream).text  # noqa: B018


def test_an_error_in_the_gateways_words(server, model_of, read, refused):
    server.play(Answer.of_json({"code": 1001, "msg": "说明", "success": False}))
    for error in (read(model_of())[0].error, refused(model_of(), stream=False)):
        assert (type(error), error.code) == (AuthenticationError, "1001")
        assert "说明" in str(error)


def test_nothing_at_all(server, model_of, read, refused):
    server.play(Answer())
    response, snapshots = read(model_of())
    assert (type(response.error), snapshots) == (TruncatedStreamError, [])
    server.play(Answer(framing="length", headers={"Content-Type": "application/json"}))
    assert type(refused(model_of(), stream=False)) is MalformedDataError


# Silence


def test_silence_before_the_headers(server, model_of, refused):
    server.play(Answer(status=None, end=End.SILENCE))
    began = time.monotonic()
    error = refused(model_of(first_delta_timeout=0.3))
    assert (type(error), error.clock) == (StreamTimeoutError, "first_delta")
    assert 0.3 <= time.monotonic() - began < 5


def test_silence_before_the_first_frame(server, model_of, read):
    server.play(Answer([b": keep-alive\n\n"], end=End.SILENCE))
    response, snapshots = read(model_of(first_delta_timeout=1))
    assert (response.error.clock, snapshots) == ("first_delta", [])
    assert server.connections[0].disconnected.wait(2)


def test_silence_in_the_middle(server, model_of, read, hello):
    server.play(Answer([b"".join(hello)], end=End.SILENCE))
    response, snapshots = read(model_of(idle_timeout=0.3))
    assert (response.error.clock, snapshots) == ("idle", HELLO)
    assert server.connections[0].disconnected.wait(2)


def test_the_timeout_of_the_client_and_of_a_call_count_for_the_headers(server, model_of, refused):
    server.play(Answer(status=None, end=End.SILENCE))
    assert refused(model_of(client_args={"timeout": 0.3})).clock == "first_delta"
    assert refused(model_of(client_args={"timeout": 60}), timeout=0.3).clock == "first_delta"


def test_a_timeout_that_is_no_number(model_of):
    with pytest.raises(ConfigError, match="timeout is 'soon'"):
        model_of(client_args={"timeout": "soon"})("hi")
    with pytest.raises(ConfigError, match="timeout is 'soon'"):
        model_of()("hi", timeout="soon")


def test_the_limit_of_the_headers_does_not_rule_the_stream(server, model_of, wire):
    gate = Gate()
    server.play(Answer([wire.text("Hel"), gate, wire.text("lo", "stop")]))
    snapshots = model_of(client_args={"timeout": 1})("hi", stream=True).stream
    assert next(snapshots) == (False, "Hel")
    opener = threading.Timer(1.3, gate.open)
    opener.start()
    assert list(snapshots) == [(False, "Hello"), (True, "Hello")]
    opener.join()


# What is odd and yet right


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_other_line_ends(*, server, model_of, read, wire, hello, end):
    server.play(Answer([piece.replace(b"\n", end) for piece in (*hello, wire.end, wire.done)]))
    assert read(model_of())[1] == [*HELLO, (True, "Hello")]


def test_other_ways_to_write_an_event(server, model_of, read, wire, hello):
    first, second = hello
    two_lines = second.replace(b', "choices"', b',\ndata: "choices"')
    assert two_lines != second
    server.play(Answer([first.replace(b"data: ", b"data:"), b": a comment\n\n", two_lines, wire.end]))
    assert read(model_of())[1] == [*HELLO, (True, "Hello")]


def test_characters_byte_by_byte(server, model_of, read, wire):
    body = wire.text("é语🎈") + wire.end
    server.play(Answer([body[at : at + 1] for at in range(len(body))]))
    assert read(model_of())[1][-1] == (True, "é语🎈")


def test_a_frame_of_a_megabyte(server, model_of, read, wire):
    server.play(Answer([wire.text("x" * 2**20), wire.end]))
    assert read(model_of())[1][-1] == (True, "x" * 2**20)
