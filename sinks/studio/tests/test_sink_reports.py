"""What Studio receives for each call of the sink."""

from __future__ import annotations

import subprocess
import sys

import pytest

from modelstream import show
from modelstream.deltas import ReasoningDelta, TextDelta, ToolCall, ToolCallDelta, UsageDelta
from modelstream.errors import ConfigError, ConnectionLostError
from modelstream.sinks.base import Message, Outcome
from modelstream.snapshot import FixedText, Snapshot, whole
from modelstream.testing import scripted
from modelstream_studio import frames
from modelstream_studio.sink.lane import Lane

LONG = "".join(f"{number} " for number in range(50_000))


def test_everything_of_an_answer(studio, sinks):
    deltas = [
        ReasoningDelta("hm"),
        ReasoningDelta("m"),
        TextDelta("Hel"),
        ToolCallDelta(1, "b", "g", ""),
        ToolCallDelta(0, "a", "f", '{"x"'),
        ToolCallDelta(0, None, None, ": 1}"),
        TextDelta("lo"),
        UsageDelta(3, None),
        UsageDelta(None, 4),
    ]
    sink = sinks(studio.url)
    show(scripted(*deltas)("", stream=True), name="A", sinks=sink)
    sink.shutdown()
    stored = studio.memory.message_of("A")
    assert (stored.text, stored.reasoning) == ("Hello", "hmm")
    assert stored.tools == {
        0: {"id": "b", "name": "g", "arguments": ""},
        1: {"id": "a", "name": "f", "arguments": '{"x": 1}'},
    }
    assert stored.usage == {"input_tokens": 3, "output_tokens": 4}
    (close,) = stored.closes
    assert (close["state"], close["finish_reason"]) == ("complete", "tool_calls")
    assert stored.opened["at"] <= close["first_at"] <= close["at"]
    assert stored.opened["model_type"] == "scripted_chat"
    assert studio.memory.kinds()[-1] == "bye"


@pytest.mark.parametrize("deltas", [["Hel"], ["Hel", "lo"], ["Hel", "lo", ""]])
def test_text_is_sent_once_in_whichever_way_the_message_ends(deltas):
    lane = Lane(Message("A"), lambda lane: None)
    text = "".join(deltas)
    offset = 0
    for delta in deltas:
        lane.put(Snapshot(delta, not delta, offset, FixedText(text)))
        offset += len(delta)
    first = [frame for frame in lane.take(room=True) if isinstance(frame, frames.Text)]
    assert [(frame.offset, frame.delta) for frame in first] == [(0, text)]
    lane.end(Outcome("failed"))
    assert [type(frame) for frame in lane.take(room=True)] == [frames.Close]


def test_the_error_of_a_failed_answer_is_reported(studio, sinks):
    sink = sinks(studio.url)
    with pytest.raises(ConnectionLostError):
        show(scripted("Hel", ConnectionLostError("gone"))("", stream=True), name="A", sinks=sink)
    sink.shutdown()
    stored = studio.memory.message_of("A")
    assert stored.text == "Hel"
    assert stored.closes[0]["state"] == "failed"
    assert stored.closes[0]["error"]["type"] == "ConnectionLostError"
    assert "gone" in stored.closes[0]["error"]["message"]


def test_text_that_starts_over_replaces_the_old_one(studio, sinks):
    sink = sinks(studio.url)
    message = Message("A")
    sink.open(message)
    sink.write(message, whole("one thing", last=False))
    studio.memory.wait_for(lambda: studio.memory.text_of("A") == "one thing")
    sink.write(message, whole("another", last=False))
    studio.memory.wait_for(lambda: studio.memory.text_of("A") == "another")
    assert "fresh" in studio.memory.kinds()


def test_of_several_texts_that_start_over_only_the_last_is_sent(studio, sinks):
    sink = sinks(studio.url)
    message = Message("A")
    sink.open(message)
    for number in range(1000):
        sink.write(message, whole(f"{number} " * 1000, last=False))
    sink.shutdown()
    assert studio.memory.text_of("A") == "999 " * 1000
    assert studio.memory.bytes < 1_000_000


def test_skipped_snapshots_lose_no_text(studio, sinks):
    sink = sinks(studio.url)
    message, source = Message("A"), FixedText("one two three")
    sink.open(message)
    sink.write(message, Snapshot("one ", False, 0, source))
    sink.write(message, Snapshot("three", False, 8, source))
    sink.shutdown()
    assert studio.memory.message_of("A").text == "one two three"


def test_an_end_with_a_wrong_offset_removes_nothing(studio, sinks):
    sink = sinks(studio.url)
    message, source = Message("A"), FixedText("one two")
    sink.open(message)
    sink.write(message, Snapshot("one ", False, 0, source))
    sink.write(message, Snapshot("", True, 0, source))
    sink.write(message, Snapshot("two", False, 4, source))
    sink.shutdown()
    assert studio.memory.message_of("A").text == "one two"


def test_half_characters_are_replaced(studio, sinks):
    sink = sinks(studio.url)
    message = Message("A\udc00", metadata={"key\ud800": ["\udfff"]})
    sink.open(message)
    sink.write(message, whole("a\ud83db", last=False))
    sink.close(message, Outcome("failed", error=ValueError("\udead")))
    sink.shutdown()
    stored = studio.memory.message_of("A\ufffd")
    assert stored.text == "a\ufffdb"
    assert stored.closes[0]["error"]["message"] == "\ufffd"


def test_metadata_that_is_not_json(studio, sinks):
    circular = {}
    circular["self"] = circular
    sink = sinks(studio.url)
    metadata_values = [{"path": {1, 2}, "type": int}, circular, {"much": "x" * 100_000}, {"agent_id": 7}]
    for number, metadata in enumerate(metadata_values):
        message = Message(str(number), metadata=metadata)
        sink.open(message)
        sink.close(message, Outcome("complete", "stop"))
    sink.shutdown()
    reported = [studio.memory.message_of(str(number)).opened.get("metadata") for number in range(4)]
    assert reported == [{"path": [1, 2], "type": "<class 'int'>"}, None, None, {"agent_id": 7}]
    assert studio.memory.message_of("3").opened["agent"] == "7"


def test_long_text_is_sent_in_pieces_that_studio_accepts(studio, sinks):
    sink = sinks(studio.url)
    calls = (ToolCall("c", "f", LONG),)
    message = Message("A")
    sink.open(message)
    sink.write(message, whole("\x01" * 1_000_000 + LONG, last=False))
    sink.write_delta(message, ReasoningDelta(LONG))
    sink.write_delta(message, ToolCallDelta(0, "c", "f", LONG))
    sink.close(message, Outcome("complete", "tool_calls", tool_calls=calls))
    sink.shutdown()
    stored = studio.memory.message_of("A")
    assert stored.text == "\x01" * 1_000_000 + LONG
    assert stored.reasoning == stored.tools[0]["arguments"] == LONG
    lines = [line for body in studio.seen for line in body.splitlines()]
    assert max(map(len, lines)) < 1 << 20
    assert max(map(len, studio.seen)) < 2 << 20


def test_a_message_that_is_shown_twice_starts_over(studio, sinks):
    sink = sinks(studio.url)
    for text in ("first", "second"):
        show(text, message=Message("A", id="same"), sinks=[sink])
    sink.shutdown()
    assert studio.memory.message_of("A").text == "second"


def test_a_sink_can_be_used_after_shutdown(studio, sinks):
    sink = sinks(studio.url)
    for name in ("A", "B"):
        show(name, name=name, sinks=[sink])
        sink.shutdown()
    assert len(studio.memory.frames) == 2
    assert studio.memory.kinds().count("bye") == 2


def test_deltas_after_the_end_are_ignored(studio, sinks):
    sink = sinks(studio.url)
    message = Message("A")
    sink.write(message, whole("before", last=False))
    sink.open(message)
    sink.close(message, Outcome("complete", "stop"))
    sink.close(message, Outcome("failed"))
    sink.write(message, whole("after", last=False))
    sink.write_delta(message, ReasoningDelta("after"))
    sink.shutdown()
    stored = studio.memory.message_of("A")
    assert (stored.text, stored.reasoning, len(stored.closes)) == ("", "", 1)


def test_text_is_sent_as_deltas(studio, sinks):
    sink = sinks(studio.url)
    words = [f"word{number % 10} " for number in range(2000)]
    show(scripted(*words)("", stream=True), name="A", sinks=[sink])
    sink.shutdown()
    assert studio.memory.message_of("A").text == "".join(words)
    assert studio.memory.bytes < 10 * sum(map(len, words))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"url": "localhost:7575"}, "url='localhost:7575' is not a valid URL; expected something like"),
        ({"url": "http://a:b"}, "url='http://a:b' is not a valid URL"),
        ({"url": "ftp://here"}, "url='ftp://here' is not a valid URL"),
        ({"limit": 0}, "limit=0 is not a number of bytes"),
        ({"limit": True}, "limit=True is not a number of bytes"),
    ],
)
def test_invalid_options(options, message):
    from modelstream_studio import Studio

    with pytest.raises(ConfigError, match=message.replace("(", r"\(")):
        Studio(**options)


def test_importing_the_sink_imports_no_server_and_no_http():
    code = (
        "import sys, modelstream_studio; modelstream_studio.Studio();"
        "print([name for name in ('http.client', 'starlette', 'uvicorn', 'markdown_it', 'nh3', 'pygments',"
        " 'sqlite3', 'email') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
