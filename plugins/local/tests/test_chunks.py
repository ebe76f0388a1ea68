"""The engine's chunks as deltas, including kinds that the small model never sends."""

from __future__ import annotations

import pytest

from modelstream.deltas import Finish, ReasoningDelta, ToolCallDelta, UsageDelta
from modelstream.errors import BadRequestError, ProviderError
from modelstream_local.chunks import deltas_of


def chunk(delta=None, finish=None, index=0, **more):
    return {"choices": [{"index": index, "delta": delta or {}, "finish_reason": finish}], **more}


def deltas_from(*args, **fields):
    return list(deltas_of(chunk(*args, **fields)))


def test_text():
    assert deltas_from({"content": "Hi"}) == ["Hi"]


@pytest.mark.parametrize("delta", [{"role": "assistant", "content": None}, {"content": ""}, {}])
def test_nothing_new(delta):
    assert deltas_from(delta, prompt_progress={"total": 9, "processed": 3}) == []


def test_reasoning():
    assert deltas_from({"reasoning_content": "Let me see"}) == [ReasoningDelta("Let me see")]


def test_tool_calls_in_parts():
    first = {"index": 1, "id": "c1", "type": "function", "function": {"name": "look", "arguments": ""}}
    later = {"index": 1, "function": {"arguments": '{"at": 1}'}}
    assert deltas_from({"tool_calls": [first, later]}) == [
        ToolCallDelta(1, "c1", "look", ""),
        ToolCallDelta(1, None, None, '{"at": 1}'),
    ]


@pytest.mark.parametrize(
    ("word", "reason"),
    [("stop", "stop"), ("length", "length"), ("tool_calls", "tool_calls"), ("other", "stop")],
)
def test_finish_keeps_the_raw_reason(word, reason):
    assert deltas_from(finish=word) == [Finish(reason, raw=word)]


def test_only_the_first_of_several_answers():
    assert deltas_from({"content": "other"}, index=1) == []


def test_usage():
    usage = {"prompt_tokens": 5, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 2}}
    assert list(deltas_of({"choices": [], "usage": usage})) == [
        UsageDelta(input_tokens=5, output_tokens=7, cached_tokens=2)
    ]


@pytest.mark.parametrize(
    ("error", "kind", "retryable"),
    [
        ({"code": 400, "message": "no", "type": "invalid_request_error"}, BadRequestError, False),
        ({"code": 500, "message": "no", "type": "server_error"}, ProviderError, False),
        ({"code": 503, "message": "no", "type": "unavailable_error"}, ProviderError, True),
    ],
)
def test_error_chunks(error, kind, retryable):
    with pytest.raises(kind, match="no") as raised:
        list(deltas_of({"error": error}))
    assert (raised.value.status, raised.value.code) == (error["code"], error["type"])
    assert raised.value.retryable is retryable


def test_an_error_of_unknown_form():
    with pytest.raises(ProviderError, match="odd"):
        list(deltas_of({"error": {"odd": 1}}))
