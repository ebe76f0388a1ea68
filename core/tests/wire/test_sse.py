"""Server-sent events: cut anywhere, with every line end, and with other lines around the data."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modelstream.errors import MalformedDataError
from modelstream.wire import ErrorData, SseEvent, SseEventFramer, SseFramer, framing

BOM = b"\xef\xbb\xbf"
UNICODE_LINE_ENDS = "\u2028\u2029\x85\x0b\x0c\x1c"


def framed(framer, pieces):
    return [frame for piece in pieces for frame in framer.feed(piece)] + framer.finish()


def cut(data, sizes):
    """The bytes in pieces of these sizes, over and over."""
    pieces, at = [], 0
    while at < len(data):
        for size in sizes:
            pieces.append(data[at : at + size])
            at += size
    return pieces


def by_the_standard(stream):
    """The events of a whole stream, read as slowly and plainly as the standard describes it."""
    events, data, event, comments = [], [], b"", []
    for line in [*re.split(rb"\r\n|\r|\n", stream.removeprefix(BOM)), b""]:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if not line:
            if b"\n".join(data):
                events.append(SseEvent(b"\n".join(data), event, tuple(comments)))
            data, event, comments = [], b"", []
        elif name == b"data":
            data.append(value)
        elif name == b"event":
            event = value
        elif not name:
            comments.append(value)
    return events


sizes = st.lists(st.integers(0, 9), min_size=1, max_size=8).filter(any)
line_ends = st.sampled_from([b"\n", b"\r\n", b"\r"])
soup = st.lists(
    st.sampled_from(
        [b"\n", b"\r", b"\r\n", b"\n\n", b"data:", b"data: ", b"event: error", b"event:", b":", b"id: 1"]
    )
    | st.sampled_from([b"x", b" ", b"1", BOM, "\u2028".encode(), "é".encode(), b"data", b"\xff"])
).map(b"".join)


@given(soup, sizes)
@example(BOM + b"data: x\n\n", [1])
@example(b"data: x\r\n\r\ndata: y\r\r\ndata: z\n\r\n", [1])
@example(b"data: x\r\r\n\ndata: y", [1])
@example(b"data:a\n\n\n\ndata:b\n\n", [1])
@example(b"\n\ndata:a\n\n", [1])
def test_any_bytes_cut_anywhere_are_read_as_the_standard_says(stream, sizes):
    expected = by_the_standard(stream)
    pieces = cut(stream, sizes)
    events = framed(SseEventFramer(), pieces)
    # The standard has no place for lines that are not of the format; they are tested below.
    assert [event._replace(rest=b"") for event in events] == expected
    assert framed(SseFramer(), pieces) == [event.data for event in expected]


texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n") | st.sampled_from(UNICODE_LINE_ENDS + ": ")
)
# Not JSON objects: those are also read where the format is not right (see test_openai_servers.py).
payloads = (
    st.lists(texts, min_size=1, max_size=3)
    .map(lambda lines: "\n".join(lines).encode())
    .filter(lambda payload: payload and not payload.lstrip().startswith(b"{"))
)


@given(st.lists(payloads, max_size=5), line_ends, sizes)
def test_payloads_are_not_changed(payloads, end, sizes):
    stream = b"".join(
        b"".join(b": ping" + end + b"data: " + line + end for line in payload.split(b"\n")) + end
        for payload in payloads
    )
    assert framed(SseFramer(), cut(stream, sizes)) == payloads


@given(st.lists(payloads, min_size=1, max_size=4), line_ends, sizes)
def test_no_lag_a_frame_is_out_as_soon_as_its_blank_line_has_begun(payloads, end, sizes):
    framer, got = SseFramer(), []
    for payload in payloads:
        lines = b"".join(b"data: " + line + end for line in payload.split(b"\n"))
        for piece in cut(lines, sizes):
            assert framer.feed(piece) == []
        got += framer.feed(end[:1])
        assert got[-1] == payload
        assert framer.feed(end[1:]) == []
    assert got == payloads


@pytest.mark.parametrize("character", UNICODE_LINE_ENDS)
def test_other_unicode_line_ends_do_not_end_a_line(character):
    payload = f'{{"text":"a{character}b"}}'.encode()
    assert framed(SseFramer(), cut(b"data: " + payload + b"\n\n", [1])) == [payload]


def test_an_event_without_its_blank_line_is_read_at_the_end():
    framer = SseFramer()
    assert framer.feed(b"data: a\n\ndata: b\ndata: c") == [b"a"]
    assert framer.finish() == [b"b\nc"]
    assert framer.finish() == []


def test_an_event_in_one_read_may_mix_line_ends():
    framer = SseFramer()
    assert framer.feed(b"data: a\n\n") == [b"a"]
    assert framer.feed(b"data: b\rdata: c\n\n") == [b"b\nc"]
    assert framer.feed(b"data: d\n\n") == [b"d"]
    assert framer.feed(b"data: e\r\r") == [b"e"]
    assert framer.feed(b"data: f\n\n") == [b"f"]
    assert framer.feed(b"data: \n\n") == []
    assert framer.feed(b"data: g\n\ndata: h\n\n") == [b"g", b"h"]


def test_one_space_after_the_colon_is_dropped():
    assert framed(SseFramer(), [b"data:a\n\ndata: b\n\ndata:  c\n\n"]) == [b"a", b"b", b" c"]


def test_comments_and_heartbeats_are_not_frames():
    assert framed(SseFramer(), [b": OPENROUTER PROCESSING\n\n:\n\nid: 1\n\nretry: 3\n\ndata: a\n\n"]) == [
        b"a"
    ]


def test_data_of_an_event_named_error_can_be_distinguished():
    ordinary, error = framed(SseFramer(), [b"event: result\ndata: a\n\nevent: error\ndata: b\n\n"])
    assert (type(ordinary), type(error)) == (bytes, ErrorData)
    assert (ordinary, error) == (b"a", b"b")


@pytest.mark.parametrize("framer", [SseFramer, SseEventFramer])
@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n"])
def test_json_in_place_of_an_event_is_read(framer, end):
    frames = framed(framer(), cut(b'\n\n\n{"a":\n1}' + end, [3]))
    assert [b"".join((frame if framer is SseFramer else frame.data).split()) for frame in frames] == [
        b'{"a":1}'
    ]


def test_comments_come_with_their_event():
    event = b"id:1\nevent:result\n:HTTP_STATUS/200\ndata:{}\n\n"
    assert framed(SseEventFramer(), [event]) == [SseEvent(b"{}", b"result", (b"HTTP_STATUS/200",))]


@pytest.mark.parametrize("framer", [SseFramer, SseEventFramer])
def test_a_frame_without_end_is_refused(monkeypatch, framer):
    monkeypatch.setattr(framing, "MAX_FRAME", 1000)
    cutter = framer()
    assert len(cutter.feed(b"data: " + b"x" * 900 + b"\n\n")) == 1
    for _ in range(9):
        assert cutter.feed(b"x" * 100) == []
    with pytest.raises(MalformedDataError, match="longer than 1000 bytes"):
        cutter.feed(b"x" * 101)


def test_the_limit_is_for_one_frame_and_not_for_their_sum(monkeypatch):
    monkeypatch.setattr(framing, "MAX_FRAME", 1000)
    framer = SseFramer()
    assert sum(len(framer.feed(b"data: " + b"x" * 600 + b"\n\n")) for _ in range(10)) == 10


@pytest.mark.parametrize("framer", [SseFramer, SseEventFramer])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_lines_outside_of_the_format_are_kept(framer, size):
    body = b"data: 1\n\nupstream error\nid: 3\n\n<html>\n\ndata: 2\nmore: 1\n\n: comment\n\nretry: 3\n\ndat"
    reader = framer()
    frames = []
    for at in range(0, len(body), size):
        frames += reader.feed(body[at : at + size])
    frames += reader.finish()
    assert [getattr(one, "data", one) for one in frames] == [b"1", b"2"]
    assert reader.rest.content == b"upstream error\n<html>\nmore: 1"


def test_what_is_kept_is_bounded():
    framer = SseFramer()
    for number in range(1000):
        framer.feed(b"noise %d\n\n" % number)
    assert len(framer.rest.content) < 2100
    assert framer.rest.content.startswith(b"noise 0\n")
    assert framer.rest.content.endswith(b"noise 999")


def test_a_field_named_error_is_an_error():
    frames = SseFramer().feed(b'error: {"code": 400}\n\n')
    assert frames == [b'{"code": 400}']
    assert type(frames[0]) is ErrorData
