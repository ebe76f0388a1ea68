"""How a message is shown: its text, its reasoning, its tool calls, and its end."""

from __future__ import annotations

import io
import re

import pytest

from modelstream.deltas import ToolCall, ToolCallDelta, UsageDelta
from modelstream.errors import ConfigError, ConnectionLostError
from modelstream.sinks.base import Message, Outcome
from modelstream.snapshot import FixedText, Snapshot, whole
from modelstream_terminal import TerminalSink
from modelstream_terminal.calls import clipped


@pytest.fixture
def file():
    return io.StringIO()


@pytest.fixture
def bob(file, talk):
    return talk(TerminalSink(file=file))


def test_B31_the_name_and_the_text(file, bob):
    bob.text("Hello, ", "world").done()
    assert file.getvalue() == "Bob: Hello, world\n"


def test_B04_a_message_of_one_delta(file, bob):
    bob.text("Hello").done()
    assert file.getvalue() == "Bob: Hello\n"


def test_the_line_is_closed_once(file, bob):
    bob.text("Hello\n").done()
    assert file.getvalue() == "Bob: Hello\n"


def test_an_answer_without_text_still_has_its_line(file, bob):
    bob.done()
    assert file.getvalue() == "Bob: \n"


def test_without_names_only_the_answer_is_shown(file, talk):
    sink = TerminalSink(file=file, names=False)
    talk(sink).text("one\n", "two").done()
    talk(sink).done()
    assert file.getvalue() == "one\ntwo\n"


def test_without_names_the_kinds_are_still_marked(file, talk):
    talk(TerminalSink(file=file, names=False)).reasoning("Hm\nso").call("f", "{}").text("Yes").failed()
    assert file.getvalue() == "(thinking) Hm\nso\n→ f({})\nYes\n[failed]\n"


def test_a_message_without_a_name(file, talk):
    talk(TerminalSink(file=file), "").text("Hi").done()
    assert file.getvalue() == "Hi\n"


def test_a_name_of_several_lines_is_shown_on_one(file, talk):
    talk(TerminalSink(file=file), "Bob\n\tthe\tBuilder").text("Hi").done()
    assert file.getvalue() == "Bob the Builder: Hi\n"


def test_B48_text_that_starts_over_is_shown_again(file, bob):
    bob.text("abc").afresh("xyz12").text("!").done()
    assert file.getvalue() == "Bob: abc\nBob: xyz12!\n"


def test_text_that_starts_over_at_the_start_of_a_line(file, bob):
    bob.text("abc\n").afresh("xyz").done()
    assert file.getvalue() == "Bob: abc\nBob: xyz\n"


def test_skipped_snapshots_lose_no_text(file, bob):
    sink, message = bob.sink, bob.message
    sink.write(message, Snapshot("Hel", False, 0, FixedText("Hel")))
    sink.write(message, Snapshot("wor", False, 7, FixedText("Hello, wor")))
    sink.write(message, whole("Hello, world", last=True))
    sink.close(message, Outcome("complete", "stop"))
    assert file.getvalue() == "Bob: Hello, world\n"


def test_reasoning_has_its_own_lines(file, bob):
    bob.reasoning("Let me ", "see.\nWell").text("Yes", ".").reasoning("Hm").text("No").done()
    assert file.getvalue() == "Bob (thinking): Let me see.\nWell\nBob: Yes.\nBob (thinking): Hm\nBob: No\n"


def test_reasoning_and_tools_can_be_omitted(file, talk):
    sink = TerminalSink(file=file, reasoning=False, tools=False)
    talk(sink).reasoning("Hm").call("f", "{}").text("Yes").done(tool_calls=(ToolCall("c1", "f", "{}"),))
    assert file.getvalue() == "Bob: Yes\n"


def test_usage_is_not_shown(file, bob):
    bob.sink.write_delta(bob.message, UsageDelta(1, 2))
    bob.text("Hi").done()
    assert file.getvalue() == "Bob: Hi\n"


def test_tool_calls_have_a_line_each(file, bob):
    bob.text("I'll look.").call("weather", '{"city": ').call(None, '"Paris"}').call("clock", "", index=1)
    assert file.getvalue() == 'Bob: I\'ll look.\nBob → weather({"city": "Paris"})'
    bob.done("tool_calls")
    assert file.getvalue().splitlines()[2:] == ["Bob → clock()"]


def test_interleaved_tool_calls_are_shown_whole_and_once(file, bob):
    bob.call("f", '{"a"', index=0).call("g", '{"b"', index=1).call(None, ": 1}", index=0).call(
        None, ": 2}", index=1
    )
    bob.text("And so").done()
    assert file.getvalue() == 'Bob → f({"a": 1})\nBob → g({"b": 2})\nBob: And so\n'


def test_arguments_of_several_lines_are_shown_on_one(file, bob):
    bob.call("f", '{\n  "a": 1,\n\t"b": "x  y"\n}').done("tool_calls")
    assert file.getvalue() == 'Bob → f({ "a": 1, "b": "x  y" })\n'


def test_long_arguments_are_whole_in_a_file(file, bob):
    text = "x" * 5000
    bob.call("f", f'{{"a": "{text}"}}').done("tool_calls")
    assert text in file.getvalue()


def test_a_cut_tool_call_has_an_ellipsis(file, bob):
    bob.call("f", '{"a": 1}', index=0).call("g", '{"ci', index=1).failed()
    assert file.getvalue() == 'Bob → f({"a": 1})\nBob → g({"ci…\nBob │ [failed]\n'.replace("Bob │ ", "")


def test_tool_calls_known_only_at_the_end_are_shown(file, bob):
    bob.done("tool_calls", tool_calls=(ToolCall("c1", "f", "{}"),))
    assert file.getvalue() == "Bob → f({})\n"


def test_tool_calls_of_the_outcome_are_not_shown_twice(file, bob):
    bob.sink.write_delta(bob.message, ToolCallDelta(0, "c1", "f", "{}"))
    bob.done("tool_calls", tool_calls=(ToolCall("c1", "f", "{}"),))
    assert file.getvalue() == "Bob → f({})\n"


@pytest.mark.parametrize("reason", ["length", "content_filter", "refusal"])
def test_a_stopped_answer_has_a_note(file, bob, reason):
    bob.text("Hel").done(reason)
    assert file.getvalue() == f"Bob: Hel\n[stopped: {reason}]\n"


def test_B34_a_failed_message_closes_its_line_and_shows_the_error(file, bob):
    bob.text("Hel").failed(ConnectionLostError("reset\nby peer\x1b]0;owned\x07"))
    assert file.getvalue() == "Bob: Hel\n[failed: ConnectionLostError: reset by peer␛]0;owned␇]\n"


def test_an_error_without_a_message_is_shown_by_its_type(file, bob):
    bob.text("Hel").failed(TimeoutError())
    assert file.getvalue() == "Bob: Hel\n[failed: TimeoutError]\n"


def test_a_message_that_fails_before_its_first_text(file, bob):
    bob.failed(ConnectionLostError("refused"))
    assert file.getvalue() == "Bob: [failed: ConnectionLostError: refused]\n"


def test_B27_a_cancelled_message_closes_its_line_and_has_a_note(file, bob):
    bob.text("Hel").cancelled()
    assert file.getvalue() == "Bob: Hel\n[cancelled]\n"


def test_notes_can_be_omitted(file, talk):
    sink = TerminalSink(file=file, notes=False)
    talk(sink).text("Hel").failed(ConnectionLostError("refused"))
    talk(sink).text("Hel").done("length")
    assert file.getvalue() == "Bob: Hel\n" * 2


def test_a_message_that_was_not_opened_and_one_that_is_over(file):
    sink, message = TerminalSink(file=file), Message("Bob")
    sink.write(message, whole("Hi", last=False))
    sink.close(message, Outcome("complete", "stop"))
    assert file.getvalue() == "Bob: Hi\n"
    assert not sink._speakers


@pytest.mark.parametrize(
    "options", [{"file": "out.txt"}, {"patience": "2"}, {"patience": -1}, {"patience": float("nan")}]
)
def test_errors_name_invalid_options(options):
    ((name, value),) = options.items()
    with pytest.raises(ConfigError, match=re.escape(f"{name}={value!r}")):
        TerminalSink(**options)


def test_the_hook_creates_the_sink(file, talk):
    sink = TerminalSink.modelstream_stream_sink({"file": file, "names": False})
    assert (sink.sink_type, sink.delivery) == ("terminal", "inline")
    talk(sink).text("Hi").done()
    assert file.getvalue() == "Hi\n"


def test_shutdown_closes_an_open_line(file, bob):
    bob.text("Hel")
    bob.sink.shutdown()
    assert file.getvalue() == "Bob: Hel\n"


@pytest.mark.parametrize(
    ("line", "cells", "short"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("你好吗", 6, "你好吗"),
        ("你好吗", 5, "你好…"),
        ("你好吗", 4, "你…"),
        ("ab", 1, "…"),
    ],
)
def test_lines_are_clipped_by_cells(line, cells, short):
    assert clipped(line, cells) == short
