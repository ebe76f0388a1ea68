"""The objects of one JSON array that is being written: cut anywhere."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modelstream.errors import MalformedDataError
from modelstream.wire import JsonArrayFramer, framing

strings = st.text() | st.sampled_from(['"', "\\", '\\"', "{", "}]", "\\\\", '{"a":[', "\u2028"])
values = st.recursive(
    strings | st.none() | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(strings, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(strings, values, max_size=3)
cuts = st.lists(st.integers(0, 9), min_size=1, max_size=8).filter(any)


def pieces_of(data, sizes):
    at = 0
    while at < len(data):
        for size in sizes:
            yield data[at : at + size]
            at += size


def framed(data, sizes):
    framer = JsonArrayFramer()
    return [frame for piece in pieces_of(data, sizes) for frame in framer.feed(piece)] + framer.finish()


@given(st.lists(objects), st.booleans(), st.sampled_from([None, 2]), cuts)
@example([{"a": '\\"'}, {"b": "\\"}], False, None, [1])
def test_every_cut_gives_the_objects(objects, ascii_only, indent, sizes):
    document = json.dumps(objects, ensure_ascii=ascii_only, indent=indent).encode() + b"\n"
    assert [json.loads(frame) for frame in framed(document, sizes)] == objects


@given(objects, cuts)
def test_an_object_alone_is_a_frame(one, sizes):
    document = json.dumps(one).encode()
    assert framed(document, sizes) == [document]


@given(st.lists(objects, min_size=1), cuts)
def test_no_lag_an_object_is_out_with_its_last_brace(objects, sizes):
    framer = JsonArrayFramer()
    assert framer.feed(b"[") == []
    for one in objects:
        written = json.dumps(one).encode()
        assert [frame for piece in pieces_of(written[:-1], sizes) for frame in framer.feed(piece)] == []
        assert framer.feed(written[-1:]) == [written]
        assert framer.feed(b",\r\n") == []


def test_half_an_object_is_an_error_at_the_end():
    framer = JsonArrayFramer()
    assert framer.feed(b'[{"a":1},{"b":') == [b'{"a":1}']
    assert framer.finish() == [b'{"b":']
    assert framer.finish() == []


def test_a_frame_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(framing, "MAX_FRAME", 1000)
    framer = JsonArrayFramer()
    framer.feed(b'[{"a":"')
    for _ in range(9):
        assert framer.feed(b"x" * 100) == []
    with pytest.raises(MalformedDataError, match="longer than 1000 bytes"):
        framer.feed(b"x" * 101)


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_what_stands_outside_the_objects_is_kept(size):
    body = b'[{"a": "}"},\r\n{"b": 1}\n<html class="x">504</html>\n, {"c": 2}]'
    framer = JsonArrayFramer()
    frames = []
    for at in range(0, len(body), size):
        frames += framer.feed(body[at : at + size])
    assert frames == [b'{"a": "}"}', b'{"b": 1}', b'{"c": 2}']
    assert framer.rest.content.replace(b"\n", b"").replace(b" ", b"") == b'<htmlclass="x">504</html>'
