"""Recorded streams of Google's servers, in all splits, and cut."""

from __future__ import annotations

import json

import pytest

from modelstream.errors import ConnectionLostError, StreamError, TruncatedStreamError
from modelstream.testing.server import Answer, End

CUTS = 300
"""Files up to this size are cut after each byte, longer ones in about this number of places."""


@pytest.fixture(scope="session")
def recorded(recordings):
    """All recordings of Gemini: the bytes and the expected content."""
    index = json.loads((recordings / "index.json").read_text("utf-8"))
    found = {
        item["file"]: ((recordings / item["file"]).read_bytes(), item["expect"])
        for item in index
        if item["provider"] in {"gemini", "gemini_vertex"}
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


def check(file, got, expected):
    calls = [(call["name"], call["arguments"]) for call in expected["tool_calls"]]
    assert (file, got.error) == (file, None)
    assert (file, got.text, got.reasoning, got.calls) == (
        file,
        expected["text"],
        expected["reasoning"],
        calls,
    )
    assert (file, got.raw_finish_reason) == (file, expected["finish"])
    assert (file, got.finish_reason) == (file, "tool_calls" if calls else "stop")
    assert (file, got.usage.total_tokens) == (file, expected["usage"]["totalTokenCount"])
    assert (file, got.usage.reasoning_tokens) == (file, expected["usage"].get("thoughtsTokenCount"))
    assert (file, got.snapshots[-1]) == (file, (True, got.text))
    assert (file, "".join(item.delta for item in got.snapshots)) == (file, got.text)


@pytest.mark.parametrize("split", SPLITS)
def test_recordings_in_every_split(recorded, read_pieces, split):
    for file, (stream, expected) in recorded.items():
        check(file, read_pieces(SPLITS[split](stream)), expected)


@pytest.mark.parametrize("split", ["whole", "by event", "7 bytes"])
def test_recordings_over_a_socket(recorded, server, model, read, split):
    for file, (stream, expected) in recorded.items():
        if split != "7 bytes" or len(stream) < 4000:
            server.play(Answer(SPLITS[split](stream)))
            check(file, read(model), expected)


def test_an_answer_that_is_not_streamed(recorded, read_pieces):
    """The frames of a stream, joined to one document as the API sends it."""
    for file, (stream, expected) in recorded.items():
        frames = [json.loads(event[len(b"data: ") :]) for event in by_event(stream)]
        parts = [
            part
            for frame in frames
            for item in frame["candidates"]
            for part in item.get("content", {}).get("parts", [])
        ]
        whole = {**frames[-1]["candidates"][0], "content": {"role": "model", "parts": parts}}
        body = json.dumps({**frames[-1], "candidates": [whole]}).encode()
        got = read_pieces([body], stream=False)
        assert (file, got.text, got.reasoning) == (file, expected["text"], expected["reasoning"])
        assert (file, got.raw_finish_reason) == (file, expected["finish"])


def test_recordings_as_arrays(recorded, read_pieces):
    for file, (stream, expected) in recorded.items():
        frames = [event[len(b"data: ") :].strip() for event in by_event(stream)]
        check(file, read_pieces(in_pieces(b"[" + b",\n".join(frames) + b"]", 11)), expected)


def expected_texts(stream):
    """The expected text so far after each event, read without the code under test."""
    so_far, found = "", [""]
    for event in by_event(stream):
        for item in json.loads(event[len(b"data: ") :])["candidates"]:
            for part in item.get("content", {}).get("parts", []):
                so_far += "" if part.get("thought") else part.get("text", "")
        found.append(so_far)
    return found


def whole_events(stream, *, ended):
    """The number of whole events. If the body has ended, the last one may lack its blank line."""
    *events, rest = stream.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n\n")
    return len(events) + (ended and rest.strip().endswith(b"}") and is_json(rest.removeprefix(b"data:")))


def is_json(data):
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("failure", [None, OSError("reset")], ids=["ended", "lost"])
def test_cut_at_any_byte(recorded, read_pieces, failure):
    kind = TruncatedStreamError if failure is None else ConnectionLostError
    for file, (stream, _) in recorded.items():
        expected = expected_texts(stream)
        body = stream.rstrip()
        for cut in range(0, len(body), max(1, len(body) // CUTS)):
            got = read_pieces([body[:cut]], failure)
            whole = whole_events(stream[:cut], ended=failure is None)
            assert (file, cut, type(got.error)) == (file, cut, kind)
            assert (file, cut, got.error.partial_text) == (file, cut, expected[whole])
            assert (file, cut, any(item.last for item in got.snapshots)) == (file, cut, False)


@pytest.mark.parametrize("failure", [None, OSError("reset")], ids=["ended", "lost"])
def test_an_array_cut_at_any_byte(recorded, read_pieces, failure):
    kind = TruncatedStreamError if failure is None else ConnectionLostError
    for file, (stream, _) in recorded.items():
        if len(stream) > 4 * CUTS:
            continue
        frames = [event[len(b"data: ") :].strip() for event in by_event(stream)]
        ends = [len(b"[" + b",".join(frames[: count + 1])) for count in range(len(frames))]
        body, expected = b"[" + b",".join(frames), expected_texts(stream)
        for cut in range(0, ends[-1], 3):
            got = read_pieces([body[:cut]], failure)
            whole = sum(end <= cut for end in ends)
            assert (file, cut, type(got.error)) == (file, cut, kind)
            assert (file, cut, got.error.partial_text) == (file, cut, expected[whole])


@pytest.mark.parametrize("end", [End.VALID, End.CUT, End.RESET])
def test_cut_after_any_event_but_the_last(recorded, server, model, read, end):
    for file, (stream, _) in recorded.items():
        events, expected = by_event(stream), expected_texts(stream)
        for count in {1, len(events) // 2, len(events) - 1} & set(range(1, len(events))):
            server.play(Answer([b"".join(events[:count])], end=end))
            got = read(model)
            assert (file, isinstance(got.error, StreamError)) == (file, True)
            assert got.error.partial_text == got.text
            # A reset may overtake what was sent before it.
            assert end is End.RESET or (file, count, got.text) == (file, count, expected[count])
            assert not any(item.last for item in got.snapshots)
