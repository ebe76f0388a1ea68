"""What can go wrong with a call, and what the user is told: one of our errors, with the exact text."""

from __future__ import annotations

import time

import pytest

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

HELLO = [(False, "Hel"), (False, "Hello")]


@pytest.fixture
def hello(lines):
    """The lines of an answer, without its end."""
    return [lines.line(**lines.text("Hel")), lines.line(**lines.text("lo"))]


# Before the answer


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("status", "kind", "again"),
    [
        (400, BadRequestError, False),
        (401, AuthenticationError, False),
        (403, AuthenticationError, False),
        (404, BadRequestError, False),
        (429, RateLimitError, True),
        (500, ProviderError, True),
        (503, ProviderError, True),
    ],
)
def test_B19_what_the_server_refuses_is_raised_by_the_call(
    *, server, model_of, refused, status, kind, again, stream
):
    server.play(Answer.of_json({"error": "no"}, status, {"Retry-After": "2"}))
    error = refused(model_of(), stream=stream)
    assert type(error) is kind
    assert str(error).startswith(f"ollama_chat: HTTP {status}: no")
    assert (error.status, error.retryable, error.partial_text) == (status, again, "")
    assert error.retry_after == (2 if again else None)
    assert len(server.requests) == 1


def test_a_model_that_is_not_there(server, model_of, refused):
    server.play(Answer.of_json({"error": "model 'llama9' not found"}, 404))
    error = refused(model_of(model_name="llama9"))
    assert "model 'llama9' not found" in str(error)
    assert "`ollama pull llama9`" in str(error)


@pytest.mark.parametrize("path", ["/v1", "/api"])
def test_an_address_with_a_path_too_many(server, model_of, refused, path):
    server.play(Answer([b"404 page not found"], 404, {"Content-Type": "text/plain"}))
    error = refused(model_of(host=f"{server.url}{path}"))
    assert type(error) is BadRequestError
    assert "without /api or /v1" in str(error)
    assert server.requests[-1].path == f"{path}/api/chat"


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


def test_no_server(model_of, refused):
    url = refused_url()
    error = refused(model_of(host=url))
    assert type(error) is ConnectionLostError
    assert f"no Ollama server answers at {url}" in str(error)
    assert "`ollama serve`" in str(error)


@pytest.mark.parametrize("end", [End.CUT, End.RESET])
def test_closed_before_the_headers(server, model_of, refused, end):
    server.play(Answer(status=None, end=end))
    error = refused(model_of())
    assert type(error) is ConnectionLostError
    assert f" at {server.url}" in str(error)


def test_a_busy_server_is_asked_again(server, model_of, lines, read):
    busy = Answer.of_json({"error": "server busy"}, 503, {"Retry-After": "0"})
    server.play(busy, lines.hello)
    assert read(model_of(max_retries=1))[0].partial_text == "Hello"
    assert len(server.requests) == 2


# In the middle


@pytest.mark.parametrize("end", [End.CUT, End.RESET])
def test_B15_lost_in_the_middle(server, model_of, read, hello, end):
    gate = Gate()
    server.play(Answer([*hello, gate], end=end))
    gate.open()
    response, snapshots = read(model_of())
    assert type(response.error) is ConnectionLostError
    assert response.error.partial_text == response.partial_text
    # A reset may overtake what was sent before it.
    assert snapshots == HELLO or end is End.RESET
    assert not any(snapshot.last for snapshot in snapshots)


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_B18_an_end_without_done(*, server, model_of, read, hello, framing):
    server.play(Answer(hello, framing=framing))
    response, snapshots = read(model_of())
    assert (type(response.error), snapshots) == (TruncatedStreamError, HELLO)
    assert response.error.partial_text == "Hello"


@pytest.mark.parametrize(
    "half", [b'{"message":{"content":"mo', b'{"message":{"content":"\xc3', b'{"done":true,"done_rea']
)
def test_half_a_line(*, server, model_of, read, hello, half):
    server.play(Answer([*hello, half]))
    response, snapshots = read(model_of())
    assert (type(response.error), snapshots) == (TruncatedStreamError, HELLO)


def test_B17_garbage_for_a_line(server, model_of, read, hello, lines):
    server.play(Answer([*hello, b"{garbage}\n", lines.line(**lines.end)]))
    response, snapshots = read(model_of())
    assert (type(response.error), snapshots) == (MalformedDataError, HELLO)
    assert "{garbage}" in str(response.error)
    assert response.error.partial_text == "Hello"


def test_B16_B37_an_error_line_keeps_what_came(server, model_of, read, hello, lines):
    server.play(Answer([*hello, lines.line(error="the model runner has stopped")]))
    response, snapshots = read(model_of())
    assert (type(response.error), snapshots) == (ProviderError, HELLO)
    assert "the model runner has stopped" in str(response.error)
    assert response.error.partial_text == "Hello"


def test_an_error_that_stands_in_for_an_answer(server, model_of, refused):
    server.play(Answer.of_json({"error": "no"}))
    assert type(refused(model_of(), stream=False)) is ProviderError


def test_B38_no_records_at_all(server, model_of, read):
    server.play(Answer())
    response, snapshots = read(model_of())
    assert (type(response.error), snapshots) == (TruncatedStreamError, [])


def test_an_empty_document(server, model_of, refused):
    server.play(Answer(framing="length", headers={"Content-Type": "application/json"}))
    assert type(refused(model_of(), stream=False)) is MalformedDataError


# Silence


def test_silence_before_the_headers(server, model_of, refused):
    server.play(Answer(status=None, end=End.SILENCE))
    began = time.monotonic()
    error = refused(model_of(first_delta_timeout=0.3))
    assert (type(error), error.clock) == (StreamTimeoutError, "first_delta")
    assert 0.3 <= time.monotonic() - began < 5


def test_silence_before_the_first_line(server, model_of, read):
    server.play(Answer(end=End.SILENCE))
    response, snapshots = read(model_of(first_delta_timeout=1))
    assert (response.error.clock, snapshots) == ("first_delta", [])
    assert server.connections[0].disconnected.wait(2)


def test_silence_in_the_middle(server, model_of, read, hello):
    server.play(Answer([b"".join(hello)], end=End.SILENCE))
    response, snapshots = read(model_of(idle_timeout=0.3))
    assert (response.error.clock, snapshots) == ("idle", HELLO)
    assert server.connections[0].disconnected.wait(2)


def test_the_timeout_of_the_config_counts_for_the_headers(server, model_of, refused):
    server.play(Answer(status=None, end=End.SILENCE))
    for limit in ({"timeout": 0.3}, {"client_args": {"timeout": 0.3}}):
        assert refused(model_of(**limit)).clock == "first_delta"


# What is odd and yet right


def test_characters_byte_by_byte(server, model_of, read, lines):
    body = lines.line(**lines.text("é语🎈")) + lines.line(**lines.end)
    server.play(Answer([body[at : at + 1] for at in range(len(body))]))
    assert read(model_of())[1][-1] == (True, "é语🎈")


def test_other_line_ends_and_blank_lines(server, model_of, read, hello, lines):
    body = b"".join([*hello, lines.line(**lines.end)]).replace(b"\n", b"\r\n\r\n")
    server.play(Answer([body]))
    assert read(model_of())[1] == [*HELLO, (True, "Hello")]


def test_an_end_without_a_line_end(server, model_of, read, hello, lines):
    server.play(Answer([*hello, lines.line(**lines.end).rstrip()]))
    assert read(model_of())[1] == [*HELLO, (True, "Hello")]


def test_a_line_of_a_megabyte(server, model_of, read, lines):
    server.play(lines.answer(lines.text("x" * 2**20), lines.end))
    assert read(model_of())[1][-1] == (True, "x" * 2**20)
