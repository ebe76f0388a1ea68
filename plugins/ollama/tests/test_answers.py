"""Good answers: text, reasoning, tool calls, finish reasons and token counts, by either transport."""

from __future__ import annotations

import json

import pytest

from modelstream.deltas import ToolCall
from modelstream.testing.server import Answer, Gate


def test_B36_snapshots_and_one_last(model_of, read):
    got = read(model_of())
    assert got.snapshots == [(False, "Hel"), (False, "Hello"), (True, "Hello")]
    assert (got.usage.input_tokens, got.usage.output_tokens) == (3, 2)
    assert (got.finish_reason, got.raw_finish_reason) == ("stop", "stop")


def test_B45_usage_of_a_stream(model_of, read):
    got = read(model_of())
    assert got.usage.total_tokens == 5


def test_B10_thinking_is_not_text(server, model_of, read, lines):
    server.play(lines.answer(lines.text("", thinking="hm"), lines.text("42"), lines.end))
    got = read(model_of())
    assert (got.reasoning, got.snapshots) == ("hm", [(False, "42"), (True, "42")])


@pytest.mark.parametrize("before", [[], [("", {})]], ids=["alone", "after an empty line"])
def test_B06_B07_an_end_without_text(*, server, model_of, read, lines, before):
    server.play(lines.answer(*(lines.text(text, **more) for text, more in before), lines.end))
    got = read(model_of())
    assert (got.error, got.finish_reason, got.snapshots) == (None, "stop", [(True, "")])


def test_B09_text_and_then_a_tool_call(server, model_of, read, lines):
    call = {"function": {"name": "f", "arguments": {"x": 1}}}
    server.play(lines.answer(lines.text("See:"), lines.text("", tool_calls=[call]), lines.end))
    got = read(model_of())
    assert got.snapshots == [(False, "See:"), (True, "See:")]
    assert [(one.name, one.arguments) for one in got.tool_calls] == [("f", '{"x": 1}')]


def test_B11_lines_without_content_repeat_nothing(server, model_of, read, lines):
    server.play(
        lines.answer(lines.text("Hel"), lines.text(""), lines.text(None), lines.text("lo"), lines.end)
    )
    assert read(model_of()).snapshots == [(False, "Hel"), (False, "Hello"), (True, "Hello")]


def test_B14_without_counts(server, model_of, read, lines):
    server.play(lines.answer(lines.text("Hello"), lines.end))
    got = read(model_of())
    assert (got.error, got.usage) == (None, None)


def test_B28_every_line_is_shown_before_the_next_one_is_sent(server, model_of, lines):
    gates = [Gate(), Gate()]
    server.play(Answer([lines.line(**lines.text("Hel")), gates[0], lines.line(**lines.text("lo")), gates[1]]))
    snapshots = model_of()("hi", stream=True).stream
    assert next(snapshots) == (False, "Hel")
    gates[0].open()
    assert next(snapshots) == (False, "Hello")


def test_B08_tool_calls_alone(server, model_of, read, lines):
    calls = [
        {"id": "call_a", "function": {"name": "f", "arguments": {"x": 2, "y": 2.0, "z": "\u00e9"}}},
        {"function": {"name": "g", "arguments": {}}},
    ]
    server.play(lines.answer(lines.text("", tool_calls=calls), lines.end))
    got = read(model_of())
    first, second = got.tool_calls
    assert first == ToolCall("call_a", "f", '{"x": 2, "y": 2.0, "z": "\u00e9"}')
    assert (second.name, second.arguments) == ("g", "{}")
    assert second.id
    assert (got.finish_reason, got.raw_finish_reason) == ("tool_calls", "stop")
    assert got.snapshots == [(True, "")]


def test_B13_a_limit_is_the_finish_reason(server, model_of, read, lines):
    server.play(lines.answer(lines.text("Hel"), {**lines.end, "done_reason": "length"}))
    assert read(model_of()).finish_reason == "length"


def test_a_stream_that_was_not_requested(server, model_of, lines):
    for answer in (lines.hello, lines.answer(lines.text("Hello"), lines.end)):
        server.play(answer)
        response = model_of()("hi", stream=False)
        assert (response.stream, response.text, response.finish_reason) == (None, "Hello", "stop")


def test_one_document_in_many_lines(server, model_of, lines):
    document = json.dumps({**lines.end, "message": {"content": "Hello"}}, indent=1)
    server.play(Answer([document.encode()], headers={"Content-Type": "application/json"}))
    assert model_of()("hi", stream=False).text == "Hello"


def test_line_separators_inside_text_survive(server, model_of, read, lines):
    server.play(lines.answer(lines.text("a\u2028b\u2029c\u0085d"), lines.end))
    assert read(model_of()).text == "a\u2028b\u2029c\u0085d"


def test_B30_not_streamed(server, model_of, lines):
    server.play(Answer.of_json({**lines.text("Hello"), **lines.end, "message": {"content": "Hello"}}))
    response = model_of()("hi", stream=False)
    assert (response.stream, response.text, response.finish_reason) == (None, "Hello", "stop")


def test_the_connection_serves_the_next_call(server, model_of, read, lines):
    # With a Content-Length, the end of the body is known as soon as it has arrived.
    server.play(Answer(lines.hello.body, framing="length"))
    assert [got.snapshots[-1] for got in read.each(model_of(), 3)] == [(True, "Hello")] * 3
    assert len(server.connections) == 1


def test_a_tool_call_keeps_its_numbers(server, model_of, read, lines):
    arguments = {"small": 1, "float": 1.0, "big": 2**70, "none": None}
    call = {"function": {"name": "f", "arguments": arguments}}
    server.play(lines.answer(lines.text("", tool_calls=[call]), lines.end))
    (called,) = read(model_of()).tool_calls
    assert called.arguments == json.dumps(arguments)


def test_the_raw_chunks(server, model_of, lines):
    response = model_of()("hi", stream=True, raw=True)
    response.text  # noqa: B018
    assert [json.loads(chunk)["done"] for chunk in response.raw] == [False, False, True]
