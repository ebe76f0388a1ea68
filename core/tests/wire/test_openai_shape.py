"""The format of OpenAI, and the variants of other providers."""

from __future__ import annotations

import json

import pytest

from modelstream.deltas import Finish, ReasoningDelta, ToolCallDelta, Usage, UsageDelta
from modelstream.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilteredError,
    MalformedDataError,
    ProviderError,
    RateLimitError,
    TruncatedStreamError,
)
from modelstream.wire import OpenAIFrames

MISSING = "missing"
DONE = b"data: [DONE]\n\n"


def frame(finish=None, index=0, **delta):
    return {"choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


def call(index, call_id=None, name=None, arguments=""):
    piece = {
        "index": index,
        "id": call_id,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }
    return frame(tool_calls=[{name: value for name, value in piece.items() if value != MISSING}])


def whole(finish="stop", **message):
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": finish}]}).encode()


# Text, and how it ends


def test_text_usage_and_finish(answered):
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    got = answered(
        frame(role="assistant", content=""),
        frame(content="Hel"),
        frame(content="lo"),
        frame("stop"),
        {"choices": [], "usage": usage},
        DONE,
    )
    assert got.snapshots == [(False, "Hel"), (False, "Hello"), (True, "Hello")]
    assert (got.finish_reason, got.raw_finish_reason) == ("stop", "stop")
    assert got.usage == Usage(9, 5, 2, 4)
    assert got.error is None


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("tool_calls", "tool_calls"),
        ("function_call", "tool_calls"),
        ("content_filter", "content_filter"),
        ("model_length", "length"),
        ("MAX_TOKENS", "length"),
        ("sensitive", "content_filter"),
        ("a word of tomorrow", "stop"),
    ],
)
def test_finish_reasons(answered, raw, reason):
    got = answered(frame(raw, content="x"), DONE)
    assert (got.finish_reason, got.raw_finish_reason) == (reason, raw)
    assert got.snapshots == [(False, "x"), (True, "x")]


@pytest.mark.parametrize("word", ["", "null", None])
def test_words_that_are_not_a_finish(answered, word):
    assert isinstance(answered(frame(word, content="x"), DONE).error, TruncatedStreamError)


def test_done_alone_is_not_an_end(answered):
    got = answered(frame(content="x"), DONE)
    assert isinstance(got.error, TruncatedStreamError)
    assert got.snapshots == [(False, "x")]


def test_finish_without_done_is_an_end(answered):
    assert answered(frame("stop", content="x")).error is None


def test_nothing_is_read_after_done(answered):
    assert answered(frame("stop", content="x"), DONE, b"data: garbage\n\n").error is None


def test_empty_answer(answered):
    assert answered(frame("stop"), DONE).snapshots == [(True, "")]


@pytest.mark.parametrize("word", ["error", "network_error", "insufficient_system_resource", "abort"])
def test_words_that_report_a_failure_of_the_provider(answered, word):
    got = answered(frame(content="x"), frame(word))
    assert isinstance(got.error, ProviderError)
    assert word in str(got.error)
    assert (got.error.code, got.error.partial_text, got.error.retryable) == (word, "x", True)


def test_first_of_several_choices(answered):
    got = answered(
        frame(content="b", index=1),
        frame(content="a"),
        {"choices": [{"index": 1, "delta": {"content": "b"}}, {"index": 0, "delta": {"content": "a"}}]},
        frame("length", index=1),
        frame("stop"),
        DONE,
    )
    assert (got.text, got.finish_reason) == ("aa", "stop")


def test_content_as_parts(answered):
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    parts = [thinking, {"type": "text", "text": "a"}, {"type": "reference", "reference_ids": [1]}, "b"]
    got = answered(frame(content=parts), frame("stop"))
    assert (got.reasoning, got.text) == ("hm", "ab")


def test_a_character_in_two_halves(answered):
    sent = [
        b'data: {"choices":[{"delta":{"content":"a\\ud83d"}}]}\n\n',
        b'data: {"choices":[{"delta":{"content":"\\ude00b"}}]}\n\n',
    ]
    assert answered(*sent, frame("stop")).snapshots == [
        (False, "a"),
        (False, "a\U0001f600b"),
        (True, "a\U0001f600b"),
    ]


# Reasoning


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning(answered, field):
    got = answered(frame(**{field: "hm "}), frame(**{field: "so"}, content=None), frame("stop", content="x"))
    assert (got.reasoning, got.text) == ("hm so", "x")


def test_reasoning_under_both_names_is_read_once(answered):
    got = answered(frame(reasoning="hm", reasoning_content="hm", content=""), frame("stop"))
    assert got.reasoning == "hm"


def test_reasoning_and_text_in_one_frame():
    output = []
    OpenAIFrames().read(json.dumps(frame("stop", reasoning="hm", content="x")).encode(), output)
    assert output == [ReasoningDelta("hm"), "x", Finish("stop", "stop")]


def test_reasoning_that_is_not_text_is_ignored(answered):
    assert answered(frame("stop", reasoning={"odd": 1}, content="x")).text == "x"


# Tool calls


def test_parallel_tool_calls_by_index(answered):
    got = answered(
        call(0, "call_a", "f", ""),
        call(1, "call_b", "g", ""),
        call(0, arguments='{"x":'),
        call(1, arguments="{}"),
        call(0, arguments="1}"),
        frame("tool_calls"),
    )
    assert got.tool_calls == [("f", '{"x":1}'), ("g", "{}")]
    assert got.ids == ["call_a", "call_b"]
    assert got.snapshots == [(True, "")]


@pytest.mark.parametrize("index", [None, MISSING])
def test_tool_calls_without_index(answered, index):
    got = answered(
        call(index, "call_a", "f", '{"x":'),
        call(index, None, None, "1}"),
        call(index, "call_b", "g", "{"),
        call(index, "call_b", None, "}"),
        frame("tool_calls"),
    )
    assert got.tool_calls == [("f", '{"x":1}'), ("g", "{}")]


def test_whole_tool_calls_without_index_and_id(answered):
    one, other = ({"function": {"name": name, "arguments": "{}"}} for name in "fg")
    got = answered(frame(tool_calls=[one, other]), frame("tool_calls"))
    assert got.tool_calls == [("f", "{}"), ("g", "{}")]
    assert len(set(got.ids)) == 2


def test_tool_calls_that_all_have_index_zero(answered):
    got = answered(call(0, "call_a", "f", "{}"), call(0, "call_b", "f", "[]"), frame("stop"))
    assert got.tool_calls == [("f", "{}"), ("f", "[]")]


def test_another_id_with_every_piece_is_still_one_call(answered):
    got = answered(
        call(0, "id-1", "f", "{"), call(0, "id-2", None, "}"), call(0, "id-3", "", ""), frame("tool_calls")
    )
    assert (got.tool_calls, got.ids) == ([("f", "{}")], ["id-1"])


def test_name_and_id_repeated_with_every_piece_are_one_call(answered):
    got = answered(call(0, "0", "f", ""), call(0, "0", "f", "{}"), frame("tool_calls"))
    assert (got.tool_calls, got.ids) == ([("f", "{}")], ["0"])


def test_arguments_as_an_object(answered):
    got = answered(call(0, "a", "f", {"x": [1, "é"]}), frame("tool_calls"))
    assert got.tool_calls == [("f", '{"x":[1,"é"]}')]


def test_legacy_function_call(answered):
    got = answered(
        frame(function_call={"name": "f", "arguments": ""}),
        frame(function_call={"arguments": "{}"}),
        frame("function_call"),
    )
    assert (got.tool_calls, got.finish_reason) == ([("f", "{}")], "tool_calls")


def test_tool_call_deltas():
    output, frames = [], OpenAIFrames()
    frames.read(json.dumps(call(0, "a", "f", "")).encode(), output)
    frames.read(json.dumps(call(0, None, None, "{}")).encode(), output)
    assert output == [ToolCallDelta(0, "a", "f", ""), ToolCallDelta(0, None, None, "{}")]


# Refusals


def test_refusal_is_shown_and_named(answered):
    got = answered(frame(refusal="I can"), frame(refusal="not."), frame("stop"))
    assert got.snapshots == [(False, "I can"), (False, "I cannot."), (True, "I cannot.")]
    assert (got.finish_reason, got.raw_finish_reason) == ("refusal", "stop")


# Usage


def test_usage_in_the_choice(answered):
    choice = {
        "delta": {"content": "x"},
        "finish_reason": "stop",
        "usage": {"prompt_tokens": 1, "completion_tokens": 2},
    }
    assert answered({"choices": [choice]}).usage == Usage(1, 2)


def test_usage_in_the_field_of_groq(answered):
    got = answered(frame("stop", content="x") | {"x_groq": {"id": "1", "usage": {"prompt_tokens": 1}}})
    assert got.usage == Usage(1)


@pytest.mark.parametrize("usage", [{}, None, "12", {"prompt_tokens": "12"}, {"prompt_tokens": None}, [1]])
def test_usage_without_counts(answered, usage):
    got = answered(frame("stop", content="x"), {"choices": [], "usage": usage})
    assert (got.usage, got.error) == (None, None)


def test_usage_is_known_when_the_last_snapshot_comes():
    output = []
    OpenAIFrames().read(json.dumps(frame("stop") | {"usage": {"prompt_tokens": 1.0}}).encode(), output)
    assert output == [UsageDelta(1), Finish("stop", "stop")]


def test_usage_survives_an_error(answered):
    got = answered(frame(content="x") | {"usage": {"completion_tokens": 1}}, {"error": {"message": "boom"}})
    assert got.error.usage == Usage(None, 1)


# Frames without content


@pytest.mark.parametrize(
    "nothing",
    [
        {"choices": [], "prompt_filter_results": [{"prompt_index": 0}]},
        {"choices": [{"index": 0, "delta": None}]},
        {"choices": [{"index": 0, "finish_reason": None}]},
        {"choices": None},
        {},
        {"type": "ping"},
        {"error": None, "choices": []},
        b": OPENROUTER PROCESSING\n\n",
        b"data: \n\n",
        b"data:\n\n",
    ],
)
def test_frames_without_content(answered, nothing):
    got = answered(nothing, frame(content="x"), nothing, frame("stop"), DONE)
    assert (got.snapshots, got.error) == ([(False, "x"), (True, "x")], None)


# Errors


@pytest.mark.parametrize(
    ("error", "kind", "status", "retryable"),
    [
        ({"message": "boom", "type": "server_error", "code": None}, ProviderError, None, True),
        (
            {"message": "slow down", "type": "tokens", "code": "rate_limit_exceeded"},
            RateLimitError,
            None,
            True,
        ),
        ({"message": "slow down", "code": 429}, RateLimitError, 429, True),
        ({"message": "pay", "code": "insufficient_quota"}, RateLimitError, None, False),
        ({"message": "no", "code": "502"}, ProviderError, 502, True),
        (
            {"message": "no", "type": "invalid_request_error", "code": "tool_use_failed"},
            BadRequestError,
            None,
            False,
        ),
        ({"message": "no", "status_code": 400}, BadRequestError, 400, False),
        ({"message": "key", "type": "authentication_error"}, AuthenticationError, None, False),
        ({"message": "filtered", "code": "content_filter"}, ContentFilteredError, None, False),
        ({"message": "no", "code": "1302"}, ProviderError, None, True),
        ("just text", ProviderError, None, True),
    ],
)
@pytest.mark.parametrize("named", [False, True])
def test_error_frames(*, answered, error, kind, status, retryable, named):
    sent = b"event: error\n" * named + b"data: %b\n\n" % json.dumps({"error": error}).encode()
    got = answered(frame(content="x"), sent)
    assert type(got.error) is kind
    message = error if isinstance(error, str) else error["message"]
    assert str(got.error) == f"in_memory: the provider sent an error: {message}"
    assert (got.error.status, got.error.retryable, got.error.partial_text) == (status, retryable, "x")
    assert got.snapshots == [(False, "x")]


@pytest.mark.parametrize(
    "sent",
    [
        {"object": "error", "message": "boom", "type": "InternalServerError", "code": 500},
        {"code": 500, "msg": "boom", "success": False},
        {"code": "InternalError", "message": "boom", "request_id": "1"},
        {
            "choices": [{"index": 0, "delta": {}, "finish_reason": "error"}],
            "error": {"code": 500, "message": "boom"},
        },
        b'event: error\ndata: {"message":"boom"}\n\n',
        b"event: error\ndata: boom\n\n",
    ],
)
def test_errors_in_other_places(answered, sent):
    got = answered(frame(content="x"), sent)
    assert type(got.error) is ProviderError
    assert str(got.error).endswith("the provider sent an error: boom")


def test_an_error_before_any_text_belongs_to_the_call(answered):
    assert isinstance(answered({"error": {"message": "boom"}}).error, ProviderError)


def test_frames_before_a_broken_one_are_kept(answered):
    got = answered(b'data: {"choices":[{"delta":{"content":"x"}}]}\n\ndata: {"choices":nonsense}\n\n')
    assert isinstance(got.error, MalformedDataError)
    assert "nonsense" in str(got.error)
    assert got.snapshots == [(False, "x")]


@pytest.mark.parametrize("half", [b'data: {"choices":[{"delta":{"con', b"data: [DO", b"da"])
def test_half_a_frame_is_an_error(answered, half):
    got = answered(frame(content="x"), half)
    assert isinstance(got.error, TruncatedStreamError)
    assert got.text == "x"


# Answers that are not streamed


def test_whole_answer(answered):
    body = json.dumps(
        {
            "choices": [
                {
                    "index": 0,
                    "message": {"content": "x", "reasoning_content": "hm"},
                    "finish_reason": "length",
                },
                {"index": 1, "message": {"content": "y"}, "finish_reason": "stop"},
            ],
            "usage": {"prompt_tokens": 1, "completion_tokens": 2},
        }
    ).encode()
    got = answered(body, stream=False)
    assert (got.text, got.reasoning, got.finish_reason, got.usage) == ("x", "hm", "length", Usage(1, 2))


def test_whole_tool_calls(answered):
    calls = [
        {"id": "a", "function": {"name": "f", "arguments": "{}"}},
        {"function": {"name": "g", "arguments": "[]"}},
    ]
    got = answered(whole("tool_calls", content=None, tool_calls=calls), stream=False)
    assert (got.tool_calls, got.ids[0], got.text) == ([("f", "{}"), ("g", "[]")], "a", "")


def test_whole_refusal(answered):
    got = answered(whole(content=None, refusal="No."), stream=False)
    assert (got.text, got.finish_reason) == ("No.", "refusal")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", MalformedDataError),
        (b"\n \n", MalformedDataError),
        (b'{"choices":[]}', MalformedDataError),
        (b'{"choices":[],"usage":{"prompt_tokens":1}}', MalformedDataError),
        (b"{}", MalformedDataError),
        (b"not JSON", MalformedDataError),
        (b'{"error":{"message":"boom"}}', ProviderError),
        (b'{"code":"InternalError","message":"boom"}', ProviderError),
        (whole(None, content="x"), TruncatedStreamError),
    ],
)
def test_invalid_whole_answers(answered, body, kind):
    assert type(answered(body, stream=False).error) is kind


def test_a_server_that_streams_unrequested(answered):
    got = answered(b": hi\n\n", frame(content="x"), frame("stop", content="y"), DONE, stream=False)
    assert (got.text, got.finish_reason) == ("xy", "stop")


def test_a_server_that_does_not_stream_although_requested(answered):
    got = answered(whole(content="x"))
    assert (got.snapshots, got.finish_reason) == ([(False, "x"), (True, "x")], "stop")
