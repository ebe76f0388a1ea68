"""Answers and errors as the caller sees them."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress

import pytest

from modelstream.deltas import ToolCall
from modelstream.errors import (
    AuthenticationError,
    BadRequestError,
    ConnectionLostError,
    ContentFilteredError,
    MalformedDataError,
    ProviderError,
    RateLimitError,
    StreamError,
    TruncatedStreamError,
)
from modelstream.testing.server import Answer, End, Gate, refused_url


def test_snapshots_and_one_last(model_of, read):
    got = read(model_of())
    assert got.snapshots == [(False, "Hel"), (False, "Hello"), (True, "Hello")]
    assert (got.usage.input_tokens, got.usage.output_tokens) == (3, 2)
    assert (got.finish_reason, got.raw_finish_reason) == ("stop", "stop")


def test_B8_tool_calls(server, model_of, read, wire):
    def piece(index, arguments, call_id="", name=None):
        function = {"arguments": arguments} | ({"name": name} if name else {})
        return {"index": index, "id": call_id, "type": "function", "function": function}

    def calls(*pieces, finish="null"):
        return wire.event(wire.output({"role": "assistant", "content": "", "tool_calls": [*pieces]}, finish))

    server.play(
        Answer(
            [
                calls(piece(0, '{"x":', "call_a", "f")),
                calls(piece(0, " 2}"), piece(1, "", "call_b", "g")),
                calls(piece(1, "{}"), finish="tool_calls"),
            ]
        )
    )
    got = read(model_of())
    assert got.snapshots == [(True, "")]
    assert got.tool_calls == [ToolCall("call_a", "f", '{"x": 2}'), ToolCall("call_b", "g", "{}")]
    assert got.finish_reason == "tool_calls"


def test_B10_reasoning_is_not_text(server, model_of, read, wire):
    thoughts = [wire.event(wire.output({"content": "", "reasoning_content": one})) for one in ("h", "m")]
    details = {"input_tokens": 3, "output_tokens": 9, "output_tokens_details": {"reasoning_tokens": 7}}
    end = wire.event({**wire.output({"content": ""}, "stop"), "usage": details})
    server.play(Answer([*thoughts, wire.text("42"), end]))
    got = read(model_of())
    assert (got.reasoning, got.snapshots) == ("hm", [(False, "42"), (True, "42")])
    assert got.usage.reasoning_tokens == 7


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "DataInspectionFailed", ContentFilteredError),
        (400, "InvalidParameter", BadRequestError),
        (401, "InvalidApiKey", AuthenticationError),
        (429, "Throttling.RateQuota", RateLimitError),
        (500, "InternalError", ProviderError),
    ],
)
def test_B39_an_error_in_the_stream_keeps_the_partial_text(
    *, server, model_of, read, wire, status, code, kind
):
    error = wire.event({"code": code, "message": "说明", "request_id": "r"}, "error", status)
    server.play(Answer([wire.text("Hel", tokens=1), error]))
    got = read(model_of())
    assert got.snapshots == [(False, "Hel")]
    assert type(got.error) is kind
    assert (got.error.status, got.error.code) == (status, code)
    assert "说明" in str(got.error)
    assert (got.error.partial_text, got.error.usage.output_tokens) == ("Hel", 1)


@pytest.mark.parametrize("data", ["overloaded", {"message": "overloaded"}])
def test_an_error_is_recognized_by_its_event_name(server, model_of, read, wire, data):
    server.play(Answer([wire.text("Hel"), wire.event(data, "error", 503)]))
    got = read(model_of())
    assert (type(got.error), got.error.status) == (ProviderError, 503)
    assert "overloaded" in str(got.error)


@pytest.mark.parametrize("body", [b"", b":heartbeat\n\n"])
def test_B40_no_chunks_at_all(server, model_of, read, body):
    server.play(Answer([body] if body else []))
    got = read(model_of())
    assert (type(got.error), got.snapshots) == (TruncatedStreamError, [])


@pytest.mark.parametrize("end", [End.VALID, End.CUT, End.RESET])
def test_an_answer_without_a_finish_is_cut(server, model_of, read, wire, end):
    server.play(Answer([wire.text("Hel"), wire.text("lo")], end=end))
    got = read(model_of())
    assert got.snapshots == [(False, "Hel"), (False, "Hello")]
    assert isinstance(got.error, TruncatedStreamError | ConnectionLostError)
    assert got.error.partial_text == "Hello"


@pytest.mark.parametrize(
    ("status", "code", "kind", "retryable"),
    [
        (401, "InvalidApiKey", AuthenticationError, False),
        (400, "InvalidParameter", BadRequestError, False),
        (400, "DataInspectionFailed", ContentFilteredError, False),
        (429, "Throttling", RateLimitError, True),
        (500, "InternalError", ProviderError, True),
    ],
)
def test_refusals(*, server, model_of, refused, status, code, kind, retryable):
    server.play(Answer.of_json({"code": code, "message": "no such thing", "request_id": "r"}, status))
    error = refused(model_of())
    assert (type(error), error.status, error.code, error.retryable) == (kind, status, code, retryable)
    assert "no such thing" in str(error)


def test_an_http_error_written_as_an_event(server, model_of, refused, wire):
    event = wire.event({"code": "InvalidParameter", "message": "no such thing"}, "error", 400)
    server.play(Answer([event], 400, framing="length"))
    error = refused(model_of())
    assert type(error) is BadRequestError
    assert "no such thing" in str(error)


@pytest.mark.parametrize("status", [200, 502])
def test_a_web_page_is_an_error(server, model_of, refused, status):
    server.play(Answer([b"<html>Bad gateway</html>"], status, {"Content-Type": "text/html"}))
    error = refused(model_of())
    assert type(error) is (MalformedDataError if status == 200 else ProviderError)
    assert "Bad gateway" in str(error)


def test_no_server_listens(model_of, refused):
    url = refused_url()
    error = refused(model_of(base_url=url))
    assert type(error) is ConnectionLostError
    assert url in str(error)


def test_a_retry_after_the_delay_of_the_provider(server, model_of, read, wire):
    server.play(Answer.of_json({"code": "Throttling"}, 429, {"Retry-After": "0"}), wire.hello)
    got = read(model_of(max_retries=1))
    assert got.text == "Hello"


def test_not_streamed(server, model_of, wire):
    usage = {"input_tokens": 3, "output_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}}
    body = wire.output({"role": "assistant", "content": "Hello", "reasoning_content": "hm"}, "length")
    server.play(Answer.of_json({**body, "usage": usage}))
    response = model_of()("hi", stream=False)
    assert (response.stream, response.text, response.reasoning) == (None, "Hello", "hm")
    assert (response.finish_reason, response.usage.cached_tokens) == ("length", 1)


def test_not_streamed_by_a_multimodal_model(server, model_of, wire):
    server.play(Answer.of_json(wire.output({"content": [{"text": "A "}, {"text": "cat"}]}, "stop")))
    assert model_of()("hi", stream=False).text == "A cat"


def test_errors_with_status_200(server, model_of):
    server.play(Answer.of_json({"code": "InvalidParameter", "message": "no such thing"}))
    with pytest.raises(StreamError, match="no such thing"):
        model_of()("hi", stream=False)


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_an_empty_body_is_an_error(server, model_of, body):
    server.play(Answer([body], headers={"Content-Type": "application/json"}))
    with pytest.raises(MalformedDataError):
        model_of()("hi", stream=False)


def test_line_separators_inside_text_survive(server, model_of, read, wire):
    server.play(Answer([wire.text("a\u2028b\u0085c"), wire.text("", "stop")]))
    assert read(model_of()).snapshots[-1] == (True, "a\u2028b\u0085c")


def test_the_connection_serves_the_next_call(server, model_of):
    model = model_of()
    assert [model("hi", stream=True).text for _ in range(3)] == ["Hello"] * 3
    assert len(server.connections) == 1


def test_close_from_another_thread_reaches_the_server(server, model_of, wire):
    server.play(Answer([wire.text("Hel"), Gate()]))
    response = model_of()("hi", stream=True)
    assert next(response.stream) == (False, "Hel")
    closer = threading.Timer(0.1, response.close)
    closer.start()
    began = time.monotonic()
    with pytest.raises(StreamError):
        response.text  # noqa: B018
    assert server.connections[-1].disconnected.wait(1)
    assert time.monotonic() - began < 20
    closer.join()


def test_a_cancelled_task_reaches_the_server(server, model_of, wire):
    server.play(Answer([wire.text("Hel"), Gate()]))

    async def read_briefly(model):
        response = await model.acall("hi", stream=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                async for _ in response.stream:
                    pass
        assert await asyncio.to_thread(server.connections[-1].disconnected.wait, 1)

    asyncio.run(read_briefly(model_of()))
