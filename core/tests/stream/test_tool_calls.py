"""The calls of an answer: numbered as they begin, and marked where they were cut."""

from __future__ import annotations

import contextlib

import pytest
from scripted import SyncScripted

from modelstream.call.tool_calls import json_has_ended
from modelstream.deltas import Finish, ToolCall, ToolCallDelta
from modelstream.errors import ConnectionLostError, StreamError


def read(*script):
    response = SyncScripted([*script])("hi", stream=True)
    with contextlib.suppress(StreamError):
        list(response.stream)
    return response


def test_calls_are_numbered_in_the_order_in_which_they_begin():
    pieces = [
        ToolCallDelta(7, "a", "f", "{"),
        ToolCallDelta(-2, "b", "g", "{}"),
        ToolCallDelta(7, arguments="}"),
    ]
    response = read(*pieces, Finish("tool_calls"))
    calls = [delta for delta in response.deltas if isinstance(delta, ToolCallDelta)]
    assert [call.index for call in calls] == [0, 1, 0]
    assert response.tool_calls == [ToolCall("a", "f", "{}"), ToolCall("b", "g", "{}")]


@pytest.mark.parametrize("arguments", ["", " \n"])
def test_a_call_without_arguments_has_an_empty_object(arguments):
    assert read(ToolCallDelta(0, "a", "f", arguments), Finish()).tool_calls == [ToolCall("a", "f", "{}")]


@pytest.mark.parametrize("end", [Finish("length"), ConnectionLostError("reset")])
def test_a_call_that_was_cut_is_not_complete(end):
    response = read(ToolCallDelta(0, "a", "f", '{"x": "{}'), end)
    assert response.tool_calls == [ToolCall("a", "f", '{"x": "{}', complete=False)]


def test_a_call_without_arguments_in_an_answer_that_was_cut():
    response = read(ToolCallDelta(0, "a", "f"), ConnectionLostError("reset"))
    assert response.tool_calls == [ToolCall("a", "f", "", complete=False)]


JSON = '{"a": ["x\\\\", {"b\\"": "}"}, 1.5e3, "é😀\\ud83d"], "c": {}}'


@pytest.mark.parametrize("cut", range(1, len(JSON)))
def test_json_that_has_ended(cut):
    assert json_has_ended(JSON)
    assert not json_has_ended(JSON[:cut])


@pytest.mark.parametrize(
    "invalid", ["{'a': 1}", '{"a": 1} {"b": 2}', '{"a": NaN}', '{"a": "\n"}', "}", '{"n": 1e999}']
)
def test_json_that_has_ended_but_is_invalid(invalid):
    assert json_has_ended(invalid)
