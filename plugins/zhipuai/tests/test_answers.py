"""Good answers: text, reasoning, tool calls, finish reasons and token counts, by either transport."""

from __future__ import annotations

import json

import pytest

from modelstream.errors import ProviderError
from modelstream.testing.server import Answer, Gate


def call(index, **function):
    return {"index": index, "type": "function", "function": function}


def test_B42_snapshots_and_one_last(model_of, read):
    got = read(model_of())
    assert got.snapshots == [(False, "Hel"), (False, "Hello"), (True, "Hello")]
    assert (got.usage.input_tokens, got.usage.output_tokens) == (3, 2)
    assert (got.finish_reason, got.raw_finish_reason) == ("stop", "stop")


def test_B06_a_finish_alone_is_an_empty_answer(server, model_of, read, wire):
    server.play(Answer([wire.end, wire.done]))
    got = read(model_of())
    assert (got.error, got.finish_reason, got.snapshots) == (None, "stop", [(True, "")])


def test_B07_an_empty_chunk_and_the_end(server, model_of, read, wire):
    server.play(Answer([wire.text(""), wire.end, wire.done]))
    assert read(model_of()).snapshots == [(True, "")]


def test_B08_tool_calls_alone(server, model_of, read, wire):
    calls = [
        {"id": "call_1", **call(0, name="f", arguments='{"x": 2}')},
        {"id": "call_2", **call(1, name="g", arguments="{}")},
    ]
    server.play(Answer([wire.delta("tool_calls", tool_calls=calls), wire.done]))
    got = read(model_of())
    assert [(one.id, one.name, one.arguments) for one in got.tool_calls] == [
        ("call_1", "f", '{"x": 2}'),
        ("call_2", "g", "{}"),
    ]
    assert (got.finish_reason, got.snapshots) == ("tool_calls", [(True, "")])


def test_B09_text_and_then_a_tool_call_in_pieces(server, model_of, read, wire):
    pieces = [{"id": "call_1", **call(0, name="f", arguments='{"x"')}, call(0, arguments=": 2}")]
    frames = [
        wire.text("See:"),
        *(wire.delta(tool_calls=[one]) for one in pieces),
        wire.text("", "tool_calls"),
    ]
    server.play(Answer([*frames, wire.done]))
    got = read(model_of())
    assert got.snapshots == [(False, "See:"), (True, "See:")]
    assert [(one.name, one.arguments) for one in got.tool_calls] == [("f", '{"x": 2}')]


@pytest.mark.parametrize("kind", ["mcp", "web_search", "retrieval"])
def test_tools_that_the_server_runs_are_not_calls_to_answer(*, server, model_of, read, wire, kind):
    own = {"id": "call_0", "index": 0, "type": kind, kind: {"name": "search", "arguments": "{}"}}
    function = {"id": "call_1", **call(1, name="f", arguments="{}")}
    server.play(Answer([wire.delta(tool_calls=[own]), wire.delta("tool_calls", tool_calls=[function])]))
    assert [(one.id, one.name) for one in read(model_of()).tool_calls] == [("call_1", "f")]
    message = {"role": "assistant", "content": "", "tool_calls": [own, function]}
    server.play(Answer.of_json({"choices": [{"message": message, "finish_reason": "tool_calls"}]}))
    assert [one.name for one in model_of()("hi", stream=False).tool_calls] == ["f"]


def test_B10_reasoning_is_not_text(server, model_of, read, wire):
    server.play(Answer([wire.delta(reasoning_content="hm"), wire.text("42"), wire.end, wire.done]))
    got = read(model_of())
    assert (got.reasoning, got.snapshots) == ("hm", [(False, "42"), (True, "42")])


def test_B11_frames_without_content_repeat_nothing(server, model_of, read, wire):
    server.play(Answer([wire.text("Hel"), wire.text(""), wire.text(None), wire.text("lo"), wire.end]))
    assert read(model_of()).snapshots == [(False, "Hel"), (False, "Hello"), (True, "Hello")]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("length", "length"),
        ("model_context_window_exceeded", "length"),
        ("sensitive", "content_filter"),
        ("stop", "stop"),
    ],
)
def test_B13_finish_reasons(*, server, model_of, read, wire, raw, reason):
    server.play(Answer([wire.text("x"), wire.text("", raw)]))
    got = read(model_of())
    assert (got.finish_reason, got.raw_finish_reason) == (reason, raw)
    assert got.snapshots[-1] == (True, "x")


def test_B14_without_usage(server, model_of, read, wire):
    server.play(Answer([wire.text("Hello", "stop"), wire.done]))
    got = read(model_of())
    assert (got.error, got.usage) == (None, None)


def test_B28_every_frame_is_shown_before_the_next_one_is_sent(server, model_of, wire):
    gates = [Gate(), Gate()]
    server.play(Answer([wire.text("Hel"), gates[0], wire.text("lo"), gates[1]]))
    snapshots = model_of()("hi", stream=True).stream
    assert next(snapshots) == (False, "Hel")
    gates[0].open()
    assert next(snapshots) == (False, "Hello")


def test_B30_not_streamed(server, model_of):
    message = {"role": "assistant", "content": "Hello", "reasoning_content": "hm"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 3, "completion_tokens": 2}
    server.play(Answer.of_json({"choices": [choice], "usage": usage}))
    response = model_of()("hi", stream=False)
    assert (response.stream, response.text, response.reasoning) == (None, "Hello", "hm")
    assert response.usage.total_tokens == 5
    assert server.requests[-1].json["stream"] is False


def test_a_network_error_is_not_an_end(server, model_of, read, wire):
    server.play(Answer([wire.text("x"), wire.text("", "network_error")]))
    got = read(model_of())
    assert (type(got.error), got.snapshots) == (ProviderError, [(False, "x")])


def test_usage_in_a_separate_frame(server, model_of, read, wire):
    details = {
        "prompt_tokens_details": {"cached_tokens": 2},
        "completion_tokens_details": {"reasoning_tokens": 1},
    }
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7, **details}
    server.play(Answer([wire.text("x", "stop"), wire.event({"choices": [], "usage": usage}), wire.done]))
    usage = read(model_of()).usage
    assert (usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens) == (
        3,
        4,
        2,
        1,
    )


def test_line_separators_inside_text_survive(server, model_of, read, wire):
    server.play(Answer([wire.text("a\u2028b\u0085c"), wire.text("", "stop")]))
    assert read(model_of()).snapshots[-1] == (True, "a\u2028b\u0085c")


def test_the_raw_chunks(model_of):
    response = model_of()("hi", stream=True, raw=True)
    response.text  # noqa: B018
    assert json.loads(response.raw[0])["choices"][0]["delta"]["content"] == "Hel"
    assert response.raw[-1] == b"[DONE]"


def test_the_connection_serves_the_next_call(server, model_of, read, wire):
    # With a Content-Length, the end of the body is known as soon as it has arrived.
    server.play(Answer(wire.hello.body, framing="length"))
    assert [got.snapshots[-1] for got in read.each(model_of(), 3)] == [(True, "Hello")] * 3
    assert len(server.connections) == 1
