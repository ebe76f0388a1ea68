"""Streams that Google's servers sent: cut in every way, and broken off."""

from __future__ import annotations

import json

import pytest

from modelstream.errors import ConnectionLostError, StreamError, TruncatedStreamError
from modelstream.testing.server import Answer, End

CUTS = 300
"""Files up to this size are cut behind each of their bytes, and longer ones in about so many places."""


@pytest.fixture(scope="session")
def recorded(recordings):
    """Every recording of Gemini, with what it is known to say."""
    index = json.loads((recordings / "index.json").read_text("utf-8"))
    found = {
        one["file"]: ((recordings / one["file"]).read_bytes(), one["expect"])
        for one in index
        if one["provider"] in {"gemini", "gemini_vertex"}
    }
    assert len(found) == 15
    return found


def in_pieces(stream, size):
    return [stream[at : at + size] for at in range(0, len(stream), size)]


def by_event(stream):
    return [event + b"\n\n" for event in stream.replace(b"\r\n", b"\n").split(b"\n\n") if event.strip()]


def with_crlf(stream):
    return stream.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


SPLITS = {
    "whole": lambda stream: [stream],
    "by event": by_event,
    "1 byte": lambda stream: in_pieces(stream, 1),
    "3 bytes": lambda stream: in_pieces(stream, 3),
    "7 bytes": lambda stream: in_pieces(stream, 7),
    "CRLF": lambda stream: [with_crlf(stream)],
    "CRLF by 7 bytes": lambda stream: in_pieces(with_crlf(stream), 7),
    "LF by 7 bytes": lambda stream: in_pieces(stream.replace(b"\r\n", b"\n"), 7),
}


def check(file, got, what):
    calls = [(call["name"], call["arguments"]) for call in what["tool_calls"]]
    assert (file, got.error) == (file, None)
    assert (file, got.text, got.reasoning, got.calls) == (file, what["text"], what["reasoning"], calls)
    assert (file, got.raw_finish_reason) == (file, what["finish"])
    assert (file, got.finish_reason) == (file, "tool_calls" if calls else "stop")
    assert (file, got.usage.total_tokens) == (file, what["usage"]["totalTokenCount"])
    assert (file, got.usage.reasoning_tokens) == (file, what["usage"].get("thoughtsTokenCount"))
    assert (file, got.snapshots[-1]) == (file, (True, got.text))
    assert (file, "".join(one.delta for one in got.snapshots)) == (file, got.text)


@pytest.mark.parametrize("split", SPLITS)
def test_every_split_gives_what_was_said(recorded, reading, split):
    for file, (stream, what) in recorded.items():
        check(file, reading(SPLITS[split](stream)), what)


@pytest.mark.parametrize("split", ["whole", "by event", "7 bytes"])
def test_what_was_said_arrives_over_a_socket(recorded, server, model, read, split):
    for file, (stream, what) in recorded.items():
        if split != "7 bytes" or len(stream) < 4000:
            server.play(Answer(SPLITS[split](stream)))
            check(file, read(model), what)


def test_an_answer_that_is_not_streamed(recorded, reading):
    """The frames of a stream put together as the API sends them in one document."""
    for file, (stream, what) in recorded.items():
        frames = [json.loads(event[len(b"data: ") :]) for event in by_event(stream)]
        parts = [
            part
            for frame in frames
            for one in frame["candidates"]
            for part in one.get("content", {}).get("parts", [])
        ]
        whole = {**frames[-1]["candidates"][0], "content": {"role": "model", "parts": parts}}
        body = json.dumps({**frames[-1], "candidates": [whole]}).encode()
        got = reading([body], stream=False)
        assert (file, got.text, got.reasoning) == (file, what["text"], what["reasoning"])
        assert (file, got.raw_finish_reason) == (file, what["finish"])


def test_in_the_form_of_an_array(recorded, reading):
    for file, (stream, what) in recorded.items():
        frames = [event[len(b"data: ") :].strip() for event in by_event(stream)]
        check(file, reading(in_pieces(b"[" + b",\n".join(frames) + b"]", 11)), what)


def texts(stream):
    """The text behind each event, read without our code."""
    so_far, found = "", [""]
    for event in by_event(stream):
        for one in json.loads(event[len(b"data: ") :])["candidates"]:
            for part in one.get("content", {}).get("parts", []):
                so_far += "" if part.get("thought") else part.get("text", "")
        found.append(so_far)
    return found


def whole_events(stream, *, ended):
    """How many events are whole. If the body has ended, the blank line behind the last one may be missing."""
    *events, rest = stream.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n\n")
    return len(events) + (ended and rest.strip().endswith(b"}") and is_json(rest.removeprefix(b"data:")))


def is_json(data):
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("failure", [None, OSError("reset")], ids=["ended well", "lost"])
def test_cut_at_any_byte(recorded, reading, failure):
    kind = TruncatedStreamError if failure is None else ConnectionLostError
    for file, (stream, _) in recorded.items():
        expected = texts(stream)
        body = stream.rstrip()
        for cut in range(0, len(body), max(1, len(body) // CUTS)):
            got = reading([body[:cut]], failure)
            whole = whole_events(stream[:cut], ended=failure is None)
            assert (file, cut, type(got.error)) == (file, cut, kind)
            assert (file, cut, got.error.partial_text) == (file, cut, expected[whole])
            assert (file, cut, any(one.last for one in got.snapshots)) == (file, cut, False)


@pytest.mark.parametrize("failure", [None, OSError("reset")], ids=["ended well", "lost"])
def test_an_array_cut_at_any_byte(recorded, reading, failure):
    kind = TruncatedStreamError if failure is None else ConnectionLostError
    for file, (stream, _) in recorded.items():
        if len(stream) > 4 * CUTS:
            continue
        frames = [event[len(b"data: ") :].strip() for event in by_event(stream)]
        ends = [len(b"[" + b",".join(frames[: count + 1])) for count in range(len(frames))]
        body, expected = b"[" + b",".join(frames), texts(stream)
        for cut in range(0, ends[-1], 3):
            got = reading([body[:cut]], failure)
            whole = sum(end <= cut for end in ends)
            assert (file, cut, type(got.error)) == (file, cut, kind)
            assert (file, cut, got.error.partial_text) == (file, cut, expected[whole])


@pytest.mark.parametrize("end", [End.VALID, End.CUT, End.RESET])
def test_broken_off_behind_any_event_but_the_last(recorded, server, model, read, end):
    for file, (stream, _) in recorded.items():
        events, expected = by_event(stream), texts(stream)
        for count in {1, len(events) // 2, len(events) - 1} & set(range(1, len(events))):
            server.play(Answer([b"".join(events[:count])], end=end))
            got = read(model)
            assert (file, isinstance(got.error, StreamError)) == (file, True)
            assert got.error.partial_text == got.text
            # A reset may overtake what was sent before it.
            assert end is End.RESET or (file, count, got.text) == (file, count, expected[count])
            assert not any(one.last for one in got.snapshots)
