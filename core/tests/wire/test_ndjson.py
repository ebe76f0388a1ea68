"""One JSON value a line: cut anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelstream.errors import MalformedDataError
from modelstream.wire import NdjsonFramer, framing

lines = st.binary(min_size=1).map(lambda line: line.replace(b"\n", b"")).filter(lambda line: line.strip())
cuts = st.lists(st.integers(1, 9), min_size=1, max_size=8)


def pieces_of(data, sizes):
    at, which = 0, 0
    while at < len(data):
        yield data[at : at + sizes[which % len(sizes)]]
        at += sizes[which % len(sizes)]
        which += 1


@given(st.lists(lines), st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\n \n"]), cuts)
def test_every_cut_gives_the_lines(lines, end, sizes):
    framer = NdjsonFramer()
    stream = b"".join(line + end for line in lines)
    got = [frame for piece in pieces_of(stream, sizes) for frame in framer.feed(piece)]
    assert [line.rstrip(b"\r") for line in got] == [line.rstrip(b"\r") for line in lines]
    assert framer.finish() == []


@given(st.lists(lines, min_size=1), cuts)
def test_no_lag_a_line_is_out_with_its_line_end(lines, sizes):
    framer = NdjsonFramer()
    for line in lines:
        assert [frame for piece in pieces_of(line, sizes) for frame in framer.feed(piece)] == []
        assert framer.feed(b"\n") == [line]


def test_the_last_line_may_lack_its_end():
    framer = NdjsonFramer()
    assert framer.feed(b'{"a":1}\n{"b"') == [b'{"a":1}']
    assert framer.feed(b":2}") == []
    assert framer.finish() == [b'{"b":2}']


@pytest.mark.parametrize("character", "\u2028\u2029\x85")
def test_other_unicode_line_ends_do_not_end_a_line(character):
    line = f'{{"text":"a{character}b"}}'.encode()
    framer = NdjsonFramer()
    assert [frame for piece in pieces_of(line + b"\n", [1]) for frame in framer.feed(piece)] == [line]


def test_a_frame_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(framing, "MAX_FRAME", 1000)
    framer = NdjsonFramer()
    for _ in range(9):
        assert framer.feed(b"x" * 100) == []
    with pytest.raises(MalformedDataError, match="longer than 1000 bytes"):
        framer.feed(b"x" * 101)
