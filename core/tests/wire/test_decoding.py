"""Frames into structs."""

from __future__ import annotations

import msgspec
import pytest

from modelstream.errors import MalformedDataError
from modelstream.wire import json_decoder


class Word(msgspec.Struct):
    text: str = ""
    parts: list[str] = []


decode = json_decoder(Word)


def test_fields_that_are_not_named_are_skipped():
    assert decode(b'{"other":{"x":[1,2]},"text":"a"}') == Word("a")


def test_half_characters_are_kept():
    assert decode(b'{"text":"a\\ud83d","parts":["\\ude00"]}') == Word("a\ud83d", ["\ude00"])


def test_half_characters_of_utf_8_are_kept():
    first, second = (decode(b'{"text":"' + half + b'"}').text for half in (b"a\xf0\x9f", b"\x98\x80b"))
    assert (first, second) == ("a\udcf0\udc9f", "\udc98\udc80b")


@pytest.mark.parametrize(
    ("frame", "word"),
    [
        (b'{"text":"a\tb\nc"}', Word("a\tb\nc")),
        (b'{"text":1,"parts":["a"]}', Word("1", ["a"])),
        (b'{"text":{},"parts":["a",[],2]}', Word("", ["a", "2"])),
        (b'{"text":"a","parts":1}', Word("a")),
        (b'{"text":null,"parts":{}}', Word()),
        (b'\xef\xbb\xbf{"text":"a"}', Word("a")),
    ],
)
def test_fields_that_cannot_be_used_get_their_default(frame, word):
    assert decode(frame) == word


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (b"{", "truncated"),
        (b"hello", "'hello'"),
        (b"[1]", "Expected `object`, got `array`"),
        (b"\xff\xfe", "\ufffd"),
        (b"[" * 100_000, "100000 bytes"),
    ],
)
def test_the_error_shows_an_invalid_frame(frame, why):
    with pytest.raises(MalformedDataError) as failure:
        decode(frame)
    assert why in str(failure.value)
    assert len(str(failure.value)) < 600
