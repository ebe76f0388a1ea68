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


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (b"{", "truncated"),
        (b"hello", "'hello'"),
        (b'{"text":1}', "Expected `str`, got `int`"),
        (b'{"text":"\\ud83d","parts":1}', "Expected `array`, got `int`"),
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
