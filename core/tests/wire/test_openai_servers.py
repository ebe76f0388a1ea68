"""What servers with OpenAI's format send that OpenAI does not: each input beside what a reader must get."""

from __future__ import annotations

import json

import pytest

from modelstream.deltas import Usage
from modelstream.errors import MalformedDataError, ProviderError, TruncatedStreamError

DONE = b"data: [DONE]\n\n"


def frame(finish=None, index=0, **delta):
    return {"choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


def closing(finish="stop", **message):
    """A frame with the whole message."""
    return {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
    }


def both(delta, message, finish=None):
    return {"choices": [{"index": 0, "delta": delta, "message": message, "finish_reason": finish}]}


def pieces(*pieces):
    return frame(tool_calls=list(pieces))


def piece(name=None, arguments=None, **fields):
    function = {key: value for key, value in [("name", name), ("arguments", arguments)] if value is not None}
    return {**fields, "function": function} if function else fields


def event(*lines):
    return b"".join(line + b"\n" for line in lines) + b"\n"


def text(content):
    return b'data: {"choices":[{"delta":{"content":"' + content + b'"}}]}'


def body(document):
    return json.dumps(document).encode()


# A whole message beside deltas or after them

CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}

WHOLE_MESSAGES = {
    "MiniMax: a whole message at the end": (
        [frame(content="Hel"), frame(content="lo"), frame("stop"), closing(content="Hello"), DONE],
        ("", "Hello", []),
    ),
    "a closing message with more than the deltas": (
        [frame(content="Hel"), closing(content="Hello"), DONE],
        ("", "Hello", []),
    ),
    "a closing message that differs": (
        [frame(content=" Hello"), closing(content="Hello"), DONE],
        ("", " Hello", []),
    ),
    "reasoning and text": (
        [
            frame(reasoning_content="hm"),
            frame(content="Hello"),
            closing(content="Hello", reasoning_content="hm"),
            DONE,
        ],
        ("hm", "Hello", []),
    ),
    "only the reasoning is new": (
        [frame(content="Hello"), closing(content="Hello", reasoning="hm"), DONE],
        ("hm", "Hello", []),
    ),
    "content parts": (
        [frame(content="Hello"), closing(content=[{"type": "text", "text": "Hello"}]), DONE],
        ("", "Hello", []),
    ),
    "calls": (
        [
            pieces(piece("f", '{"x"', index=0, id="a")),
            pieces(piece(None, ":1}", index=0)),
            closing("tool_calls", content="", tool_calls=[CALL]),
            DONE,
        ],
        ("", "", [("f", '{"x":1}')]),
    ),
    "calls without ids": (
        [
            pieces(piece("f", '{"x":1}', index=0)),
            closing("tool_calls", tool_calls=[piece("f", '{"x":1}'), piece("g", "{}")]),
            DONE,
        ],
        ("", "", [("f", '{"x":1}'), ("g", "{}")]),
    ),
    "a call with another id": (
        [
            pieces(piece("f", '{"x":1}', index=0, id="b")),
            closing("tool_calls", content=None, tool_calls=[CALL]),
            DONE,
        ],
        ("", "", [("f", '{"x":1}')]),
    ),
    "text before, calls only in the closing message": (
        [frame(content="Hello"), closing("tool_calls", content="Hello", tool_calls=[CALL]), DONE],
        ("", "Hello", [("f", '{"x":1}')]),
    ),
    "two equal calls in the closing message": (
        [closing("tool_calls", tool_calls=[piece("f", "{}"), piece("f", "{}")]), DONE],
        ("", "", [("f", "{}"), ("f", "{}")]),
    ),
    "Perplexity: a growing message beside each delta": (
        [
            both({"content": "Hel"}, {"content": "Hel"}),
            both({"content": "lo"}, {"content": "Hello"}),
            both({"content": ""}, {"content": "Hello"}, "stop"),
            DONE,
        ],
        ("", "Hello", []),
    ),
    "a growing message beside empty deltas": (
        [both({}, {"content": "Hel"}), both({"content": ""}, {"content": "Hello"}), frame("stop"), DONE],
        ("", "Hello", []),
    ),
    "increments under the name of messages": (
        [
            closing(None, content="Hel"),
            closing(None, content="lo"),
            closing(None, content="lo"),
            closing(),
            DONE,
        ],
        ("", "Hellolo", []),
    ),
    "an empty message beside a delta": (
        [both({"content": "Hel"}, {"content": ""}), both({"content": "lo"}, None), frame("stop"), DONE],
        ("", "Hello", []),
    ),
}


@pytest.mark.parametrize(("sends", "gets"), WHOLE_MESSAGES.values(), ids=WHOLE_MESSAGES)
def test_whole_messages(answered, sends, gets):
    got = answered(*sends)
    assert (got.error, (got.reasoning, got.text, got.tool_calls)) == (None, gets)


@pytest.mark.parametrize(
    "delta", [None, {}, {"content": ""}, {"content": None, "tool_calls": []}, {"content": "BLUE"}]
)
def test_a_whole_answer_with_a_delta_and_a_message(answered, delta):
    got = answered(body(both(delta, {"content": "BLUE", "tool_calls": [CALL]}, "stop")), stream=False)
    assert (got.text, got.tool_calls) == ("BLUE", [("f", '{"x":1}')])


def test_a_whole_answer_under_the_name_of_a_delta(answered):
    assert answered(body(frame("stop", content="BLUE")), stream=False).text == "BLUE"


# Tool calls

TOOL_CALLS = {
    "Gemini: whole calls, all with index 0 and without id": (
        [pieces(piece("f", '{"a":1}', index=0)), pieces(piece("g", '{"b":2}', index=0))],
        [("f", '{"a":1}'), ("g", '{"b":2}')],
    ),
    "the same function twice": (
        [pieces(piece("f", '{"a":1}', index=0)), pieces(piece("f", '{"a":1}', index=0))],
        [("f", '{"a":1}'), ("f", '{"a":1}')],
    ),
    "several calls in one frame with one index": (
        [pieces(piece("f", '{"a":1}', index=0), piece("g", "", index=0), piece("h", index=0))],
        [("f", '{"a":1}'), ("g", "{}"), ("h", "{}")],
    ),
    "several calls in one frame without index": (
        [pieces(piece("f", "{}"), piece("g", ""), piece("g"))],
        [("f", "{}"), ("g", "{}"), ("g", "{}")],
    ),
    "objects as arguments": (
        [pieces(piece("f", {"a": 1}, index=0)), pieces(piece("g", {}, index=0))],
        [("f", '{"a":1}'), ("g", "{}")],
    ),
    "MiniMax on NIM: the name with each piece": (
        [
            pieces(piece("f", "", index=0, id="a")),
            pieces(piece("f", '{"a', index=0)),
            pieces(piece("f", '":"}"', index=0)),
            pieces(piece("f", "}", index=0)),
        ],
        [("f", '{"a":"}"}')],
    ),
    "name and a new id with each piece": (
        [pieces(piece("f", '{"a', index=0, id="a")), pieces(piece("f", '":1}', index=0, id="b"))],
        [("f", '{"a":1}')],
    ),
    "SGLang: no index, the id first and the name later": (
        [
            pieces(piece(id="a")),
            pieces(piece("f")),
            pieces(piece(None, '{"x":1}')),
            pieces(piece(id="b")),
            pieces(piece("g")),
            pieces(piece(None, '{"y":')),
            pieces(piece(None, "2}")),
        ],
        [("f", '{"x":1}'), ("g", '{"y":2}')],
    ),
    "the id first, calls without arguments": (
        [pieces(piece(id="a")), pieces(piece("f")), pieces(piece(id="b")), pieces(piece("f", ""))],
        [("f", "{}"), ("f", "{}")],
    ),
    "index from the second piece on": (
        [
            pieces(piece("f", "", id="a")),
            pieces(piece(None, '{"x":', index=0)),
            pieces(piece(None, "1}", index=0)),
            pieces(piece("g", "", id="b")),
            pieces(piece(None, "{}", index=1)),
        ],
        [("f", '{"x":1}'), ("g", "{}")],
    ),
    "index from the second piece on, in turns": (
        [
            pieces(piece("f", "", id="a"), piece("g", "", id="b")),
            pieces(piece(None, "[1", index=1)),
            pieces(piece(None, '{"x":', index=0)),
            pieces(piece(None, "]", index=1), piece(None, "1}", index=0)),
        ],
        [("f", '{"x":1}'), ("g", "[1]")],
    ),
    "an index only in the first piece": (
        [pieces(piece("f", "", index=0, id="a")), pieces(piece(None, "{")), pieces(piece(None, "}"))],
        [("f", "{}")],
    ),
    "indexes that begin with 1": (
        [
            pieces(piece("f", "{", index=1, id="a")),
            pieces(piece("g", "[", index=2, id="b")),
            pieces(piece(None, "}", index=1), piece(None, "]", index=2)),
        ],
        [("f", "{}"), ("g", "[]")],
    ),
    "a piece without id and name for an unknown index": (
        [pieces(piece("f", "{", index=0, id="a")), pieces(piece(None, "}", index=7))],
        [("f", "{}")],
    ),
    "arguments before the call": (
        [pieces(piece(None, '{"x"', index=0)), pieces(piece("f", ":1}", index=0, id="a"))],
        [("f", '{"x":1}')],
    ),
    "an empty piece before the call": (
        [pieces(piece(None, "", index=0)), pieces(piece("f", "{}", index=0, id="a"))],
        [("f", "{}")],
    ),
    "the name in fragments": (
        [
            pieces(piece("get_", "", index=0, id="a")),
            pieces(piece("weather", "", index=0)),
            pieces(piece(None, "{}", index=0)),
        ],
        [("get_weather", "{}")],
    ),
    "the name in fragments with the id": (
        [pieces(piece("get_", index=0, id="a")), pieces(piece("weather", "{}", index=0, id="a"))],
        [("get_weather", "{}")],
    ),
    "the name growing": (
        [pieces(piece("get_", index=0, id="a")), pieces(piece("get_weather", "{}", index=0))],
        [("get_weather", "{}")],
    ),
    "index as text and as a float": (
        [
            pieces(piece("f", "{", index="0", id="a")),
            pieces(piece(None, "}", index=0.0)),
            pieces(piece("g", "[", index="1", id="b")),
            pieces(piece(None, "]", index=1)),
        ],
        [("f", "{}"), ("g", "[]")],
    ),
    "an unusable index": (
        [pieces(piece("f", "{", index="x", id="a")), pieces(piece(None, "}", index={}))],
        [("f", "{}")],
    ),
    "a number as id": ([pieces(piece("f", "{}", index=0, id=123))], [("f", "{}")]),
    "one index for all calls, in turns by id": (
        [
            pieces(piece("f", "{", index=0, id="a")),
            pieces(piece("g", "[", index=0, id="b")),
            pieces(piece(None, "}", index=0, id="a")),
            pieces(piece(None, "]", index=0, id="b")),
        ],
        [("f", "{}"), ("g", "[]")],
    ),
    "one id for all calls": (
        [pieces(piece("f", "{}", index=0, id="x")), pieces(piece("g", "{}", index=1, id="x"))],
        [("f", "{}"), ("g", "{}")],
    ),
    "one call instead of a list": ([frame(tool_calls=piece("f", "{}", index=0, id="a"))], [("f", "{}")]),
    "one id for all calls, in pieces": (
        [
            pieces(piece("f", "", index=0, id="x")),
            pieces(piece(None, '{"a":1}', index=0, id="x")),
            pieces(piece("g", "", index=1, id="x")),
            pieces(piece(None, '{"b":', index=1, id="x")),
            pieces(piece(None, "2}", index=1, id="x")),
        ],
        [("f", '{"a":1}'), ("g", '{"b":2}')],
    ),
    "one id and one index for all calls": (
        [pieces(piece("f", '{"a":1}', index=0, id="x")), pieces(piece("g", "{}", index=0, id="x"))],
        [("f", '{"a":1}'), ("g", "{}")],
    ),
    "the name as the id of whole calls without index": (
        [pieces(piece("f", '{"a":1}', id="f")), pieces(piece("f", '{"a":2}', id="f"))],
        [("f", '{"a":1}'), ("f", '{"a":2}')],
    ),
    "custom tools": (
        [
            pieces({"index": 0, "id": "a", "type": "custom", "custom": {"name": "x", "input": ""}}),
            pieces({"index": 0, "custom": {"input": "abc"}}),
            pieces(piece("f", "{}", index=1, id="b", type="function")),
        ],
        [("f", "{}")],
    ),
    "tools that the server runs": (
        [
            pieces({"index": 0, "id": "a", "type": "mcp", "mcp": {"name": "x"}}),
            pieces(piece("f", "{}", index=1)),
        ],
        [("f", "{}")],
    ),
    "a type of its own for a function": (
        [pieces(piece("$web_search", "{}", index=0, id="a", type="builtin_function"))],
        [("$web_search", "{}")],
    ),
    "Copilot: the calls in another choice": (
        [frame(content="See:"), frame(index=1, tool_calls=[piece("f", "{}", id="a")]), frame("tool_calls")],
        [("f", "{}")],
    ),
    "Copilot: the calls in another choice, after the finish": (
        [
            frame("tool_calls", content="See:"),
            frame(index=1, tool_calls=[piece("f", "{", id="a", index=0)]),
            frame(index=1, tool_calls=[piece(None, "}", index=0)]),
            frame("tool_calls", index=1),
        ],
        [("f", "{}")],
    ),
    "Copilot: each call in a choice of its own": (
        [
            frame(content="See:"),
            frame(index=1, tool_calls=[piece("f", "{}", id="a")]),
            frame(index=2, tool_calls=[piece("g", "{}", id="b")]),
            frame("tool_calls"),
        ],
        [("f", "{}"), ("g", "{}")],
    ),
    "calls of another choice that the first one has too": (
        [
            frame(index=1, tool_calls=[piece("g", "{}", index=0, id="b")]),
            frame(tool_calls=[piece("f", "{}", index=0, id="a")]),
            frame("tool_calls", index=1),
        ],
        [("f", "{}")],
    ),
}


@pytest.mark.parametrize(("sends", "gets"), TOOL_CALLS.values(), ids=TOOL_CALLS)
def test_tool_calls(answered, sends, gets):
    got = answered(*sends, frame("tool_calls"), DONE)
    assert (got.error, got.tool_calls) == (None, gets)
    assert len(set(got.ids)) in (len(gets), 1)


def test_ids_that_come_before_the_name(answered):
    parts = [piece(id="a"), piece("f"), piece(None, "{}"), piece(id="b"), piece("g", "{}")]
    assert answered(*map(pieces, parts), frame("tool_calls")).ids == ["a", "b"]


@pytest.mark.parametrize("arguments", [None, "", " "])
@pytest.mark.parametrize("stream", [True, False])
def test_calls_without_arguments(*, answered, arguments, stream):
    calls = [piece("f", arguments, id="a"), piece("g", arguments, id="b")]
    if stream:
        got = answered(frame("tool_calls", tool_calls=calls), DONE)
    else:
        got = answered(body(closing("tool_calls", tool_calls=calls)), stream=False)
    assert got.tool_calls == [("f", "{}"), ("g", "{}")]


@pytest.mark.parametrize("names", ["fg", "ff"])
def test_a_whole_answer_with_one_id_for_all_calls(answered, names):
    calls = [piece(name, body({"a": at}).decode(), id="x") for at, name in enumerate(names)]
    got = answered(body(closing("tool_calls", tool_calls=calls)), stream=False)
    assert got.tool_calls == [(names[0], '{"a": 0}'), (names[1], '{"a": 1}')]


def test_whole_answers_without_usable_calls(answered):
    custom = {"id": "a", "type": "custom", "custom": {"name": "x", "input": "abc"}}
    got = answered(body(closing("tool_calls", tool_calls=[custom, CALL])), stream=False)
    assert (got.error, got.tool_calls) == (None, [("f", '{"x":1}')])
    got = answered(body(closing("tool_calls", tool_calls=[custom])), stream=False)
    assert (got.error, got.tool_calls, got.finish_reason) == (None, [], "tool_calls")


def test_copilot_whole(answered):
    first, second = closing("tool_calls", content="See:"), closing("tool_calls", tool_calls=[CALL])
    second["choices"][0]["index"] = 1
    got = answered(body({"choices": first["choices"] + second["choices"]}), stream=False)
    assert (got.text, got.tool_calls) == ("See:", [("f", '{"x":1}')])


# Finish words

FAILURES = {
    "malformed_function_call": True,
    "MALFORMED_FUNCTION_CALL": True,
    "unexpected_tool_call": True,
    "cancelled": True,
    "canceled": True,
    "failed": True,
    "aborted": True,
    "abort": True,
    "timeout": True,
    "timed_out": True,
    "error": True,
    "server_error": True,
    "network_error": True,
    "interrupted": True,
    "overloaded": True,
    "insufficient_system_resource": True,
    "too_many_tool_calls": True,
    "missing_thought_signature": True,
    "client_disconnected": True,
    "server_busy": True,
    "out_of_memory": True,
    "killed": True,
    "preempted": True,
    "rejected": True,
    "insufficient_quota": False,
    "invalid_request": False,
}


@pytest.mark.parametrize(("word", "retryable"), FAILURES.items())
@pytest.mark.parametrize("stream", [True, False])
def test_words_for_failure(*, answered, word, retryable, stream):
    if stream:
        got = answered(frame(content="x"), frame(word), DONE)
    else:
        got = answered(body(closing(word, content="x")), stream=False)
    assert (type(got.error), got.error.code, got.error.retryable) == (ProviderError, word, retryable)
    assert got.error.partial_text == "x"


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("max_output_tokens", "length"),
        ("MAX_OUTPUT_TOKENS", "length"),
        ("incomplete", "length"),
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("eos_token", "stop"),
        ("recitation", "content_filter"),
        ("prohibited_content", "content_filter"),
        ("tool_use", "tool_calls"),
        ("length_limit", "length"),
        ("context_window_exceeded", "length"),
        ("IMAGE_PROHIBITED_CONTENT", "content_filter"),
        ("content_policy_violation", "content_filter"),
        ("LANGUAGE", "content_filter"),
        ("tool-calls", "tool_calls"),
        ("toolUse", "tool_calls"),
        ("ContentFilter", "content_filter"),
        ("max tokens", "length"),
        ("FinishReason.MAX_TOKENS", "length"),
        ("FINISH_REASON_STOP", "stop"),
        ("a word of tomorrow", "stop"),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
def test_words_for_an_end(*, answered, word, reason, stream):
    if stream:
        got = answered(frame(content="x"), frame(word), DONE)
    else:
        got = answered(body(closing(word, content="x")), stream=False)
    assert (got.error, got.finish_reason, got.raw_finish_reason) == (None, reason, word)


@pytest.mark.parametrize("word", ["FinishReason.STOP", "tool-calls", " stop", "MaxTokens"])
def test_a_word_in_another_spelling_is_believed(answered, word):
    got = answered(frame(content="x"), frame(word))
    assert (got.error, got.raw_finish_reason) == (None, word)


def test_no_word_in_another_spelling(answered):
    got = answered(frame("FinishReason.FINISH_REASON_UNSPECIFIED", content="x"), frame("length"), DONE)
    assert got.finish_reason == "length"


def test_an_unknown_word_alone_is_not_believed(answered):
    assert isinstance(answered(frame(content="x"), frame("a word of tomorrow")).error, TruncatedStreamError)


# Frames that are not OpenAI's

WORDS = [
    b"ping",
    b": keep-alive",
    b'"heartbeat"',
    b"keepalive 7",
    b"heartbeat: 12",
    b": OPENROUTER PROCESSING",
    b"undefined",
    b"processing",
    b".",
    b"Thu, 16 Apr 2023 12:00:00 GMT",
]

ODD_FRAMES = {
    "two names of a field": [b"data: " + text(b"Hel") + b"\n\n"],
    "a space before the field": [b" " + text(b"Hel") + b"\n\n"],
    "a NUL after the object": [text(b"Hel") + b"\0\n\n"],
    "two objects in one event": [text(b"H") + text(b"el").removeprefix(b"data: ") + b"\n\n"],
    "a text with a value": [
        {"choices": [{"delta": {"content": [{"type": "text", "text": {"value": "Hel"}}]}}]}
    ],
    "sse-starlette's ping": [text(b"Hel") + b"\n\n", event(b"event: ping", b"data: 2023-04-16 12:00:00")],
    "a time without a name": [text(b"Hel") + b"\n\n", event(b"data: 2023-04-16 12:00:00.123456+00:00")],
    "a ping with a sentence": [text(b"Hel") + b"\n\n", event(b"event: keepalive", b"data: still here")],
    "words": [event(b"data: " + word) for word in WORDS] + [text(b"Hel") + b"\n\n"],
    "JSON that is no object": [event(b"data: " + word) for word in (b"null", b"1", b"[]", b"true")]
    + [text(b"Hel") + b"\n\n"],
    "a ping as JSON": [event(b"event: ping", b'data: {"type":"ping"}'), text(b"Hel") + b"\n\n"],
    "an object for the calls": [{"choices": [{"delta": {"content": "Hel", "tool_calls": {}}}]}],
    "calls of no use": [{"choices": [{"delta": {"content": "Hel", "tool_calls": "no"}}]}],
    "a list with null": [{"choices": [{"delta": {"content": "Hel", "tool_calls": [None]}}]}],
    "a number as the answer's id": [{"id": 123, "created": "x", "choices": [{"delta": {"content": "Hel"}}]}],
    "the index as text": [{"choices": [{"index": "0", "delta": {"content": "Hel"}}]}],
    "the index as a float": [{"choices": [{"index": 0.0, "delta": {"content": "Hel"}}]}],
    "an unusable index": [{"choices": [{"index": "first", "delta": {"content": "Hel"}}]}],
    "an unusable finish": [{"choices": [{"delta": {"content": "Hel"}, "finish_reason": False}]}],
    "an object for the choices": [{"choices": {"index": 0, "delta": {"content": "Hel"}}}],
    "a text for a message": [{"choices": [{"delta": {"content": "Hel"}, "message": "Hel"}]}],
    "a text for a function call": [{"choices": [{"delta": {"content": "Hel", "function_call": "no"}}]}],
    "usage of another type": [{"choices": [{"delta": {"content": "Hel"}}], "usage": "3", "x_groq": 1}],
    "numbers that are not finite": [
        b'data: {"choices":[{"delta":{"content":"Hel"}}],"usage":{"prompt_tokens":NaN}}\n\n'
    ],
}


@pytest.mark.parametrize("sends", ODD_FRAMES.values(), ids=ODD_FRAMES)
def test_odd_frames_do_not_cost_the_answer(answered, sends):
    got = answered(*sends, frame(content="lo"), frame("stop"), DONE)
    assert (got.error, got.text, got.finish_reason) == (None, "Hello", "stop")


@pytest.mark.parametrize("done", [b"[DONE]", b" [DONE] ", b'"[DONE]"', b"[done]"])
def test_spellings_of_done(answered, done):
    got = answered(frame("stop", content="x"), b"data:" + done + b"\n\n", b"data: garbage\n\n")
    assert (got.error, got.text) == (None, "x")


def test_done_after_an_object_in_one_event(answered):
    got = answered(
        frame(content="x"), b'data: {"choices":[{"finish_reason":"stop"}]}[DONE]\n\n', b"data: no\n\n"
    )
    assert (got.error, got.text) == (None, "x")


@pytest.mark.parametrize(
    "words",
    [b'{"choices":[]} oops', b"{}{", b"upstream connect error", b"<html>504</html>", b'"Internal error"'],
)
def test_other_words_are_not_keepalives(answered, words):
    got = answered(frame(content="x"), event(b"data: " + words), frame("stop"), DONE)
    assert isinstance(got.error, MalformedDataError)


@pytest.mark.parametrize("raw", [b"\t", b"\n", b"\r\n", b"\n\n", b"\n\n\n", b"\x01", b"}\n", b"\n{"])
@pytest.mark.parametrize("cut", [1, 7, 10_000])
def test_raw_control_characters_in_a_string(answered, raw, cut):
    sent = text(b"a" + raw + b"b") + b"\n\n" + text(b"!") + b"\n\n"
    got = answered(*(sent[at : at + cut] for at in range(0, len(sent), cut)), frame("stop"), DONE)
    expected = raw.decode().replace("\r\n", "\n")
    assert (got.error, got.text) == (None, f"a{expected}b!")


@pytest.mark.parametrize("character", ["é", "€", "😀"])
def test_a_character_cut_over_two_frames(answered, character):
    sent = character.encode()
    for at in range(1, len(sent)):
        parts = [b"a" + sent[:at], sent[at:] + b"b"]
        got = answered(*(text(part) + b"\n\n" for part in parts), frame("stop"), DONE)
        assert got.snapshots == [(False, "a"), (False, f"a{character}b"), (True, f"a{character}b")]


def test_a_character_byte_by_byte_in_reasoning_and_arguments(answered):
    parts = [bytes([byte]) for byte in "😀".encode()]
    reasoning = [b'data: {"choices":[{"delta":{"reasoning":"' + part + b'"}}]}\n\n' for part in parts]
    begun = pieces(piece("f", '{"x":"', index=0, id="a"))
    arguments = [
        b'data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"'
        + part
        + b'"}}]}}]}\n\n'
        for part in parts
    ]
    got = answered(
        *reasoning, begun, *arguments, pieces(piece(None, '"}', index=0)), frame("tool_calls"), DONE
    )
    assert (got.reasoning, got.tool_calls) == ("😀", [("f", '{"x":"😀"}')])


def test_half_a_character_at_the_end(answered):
    got = answered(text(b"a\xf0\x9f") + b"\n\n", frame("stop"), DONE)
    assert (got.error, got.text) == (None, "a\ufffd")


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [b"", b"\n", b"\n\n"])
@pytest.mark.parametrize("cut", [1, 20, 10_000])
def test_events_parted_by_a_single_line_end(answered, end, last, cut):
    lines = [text(b"Hel"), b"event: message", text(b"lo"), b'data: {"choices":[{"finish_reason":"stop"}]}']
    sent = end.join([*lines, b"data: [DONE]"]) + last
    got = answered(*(sent[at : at + cut] for at in range(0, len(sent), cut)))
    assert (got.error, got.text, got.finish_reason) == (None, "Hello", "stop")


def test_events_parted_by_a_single_line_end_in_a_whole_answer(answered):
    sent = b"\n".join([text(b"Hel"), text(b"lo"), b'data: {"choices":[{"finish_reason":"stop"}]}'])
    assert answered(sent, stream=False).text == "Hello"


def test_an_error_among_events_parted_by_a_single_line_end(answered):
    got = answered(b"\n".join([text(b"Hel"), text(b"lo"), b"event: error", b'data: {"message":"boom"}', b""]))
    assert (type(got.error), got.text) == (ProviderError, "Hello")
    assert "boom" in str(got.error)


# Reasoning

REASONING = {
    "MiniMax, Snowflake": {"reasoning_details": [{"type": "reasoning.text", "text": "h"}, {"text": "m"}]},
    "OpenRouter": {"reasoning": "hm", "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]},
    "OpenRouter: a summary": {"reasoning_details": [{"type": "reasoning.summary", "summary": "hm"}]},
    "Copilot": {"reasoning_text": "hm"},
    "parts with a text": {"content": [{"type": "thinking", "text": "hm"}]},
    "parts with a thinking": {"content": [{"type": "thinking", "thinking": "hm", "signature": "x"}]},
    "parts with both": {"content": [{"type": "thinking", "thinking": "hm", "text": "hm"}]},
    "parts of another name": {"content": [{"type": "reasoning", "text": "hm"}]},
    "one part": {"content": {"type": "thinking", "text": "hm"}},
    "a part with the name of its type": {"content": [{"type": "reasoning", "reasoning": "hm"}]},
    "a part with a content": {"content": [{"type": "thinking", "content": "hm"}]},
    "a part with parts": {
        "content": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}]
    },
    "a part of the type think": {"content": [{"type": "think", "text": "hm"}]},
    "a part with a capital": {"content": [{"type": "Thinking", "text": "hm"}]},
    "Gemini: a part marked as a thought": {"content": [{"type": "text", "text": "hm", "thought": True}]},
    "an object": {"reasoning": {"content": "hm"}},
    "details with a thinking": {
        "reasoning_details": [{"type": "thinking", "thinking": "hm", "signature": "x"}]
    },
    "details with parts": {
        "reasoning_details": [
            {"type": "reasoning.summary", "summary": [{"type": "summary_text", "text": "hm"}]}
        ]
    },
    "LiteLLM: only blocks": {"thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "x"}]},
}


@pytest.mark.parametrize("message", REASONING.values(), ids=REASONING)
def test_reasoning(answered, message):
    got = answered(frame(**message), frame(content="x"), frame("stop"), DONE)
    assert (got.reasoning, got.text) == ("hm", "x")
    got = answered(body(closing(**message)), stream=False)
    assert (got.reasoning, got.text) == ("hm", "")


@pytest.mark.parametrize(
    "details", ["x", 1, {}, [], [1, None], [{"type": "reasoning.encrypted", "data": "x"}]]
)
def test_reasoning_without_text(answered, details):
    got = answered(frame(reasoning_details=details, content="x"), frame("stop"), DONE)
    assert (got.reasoning, got.text) == ("", "x")


def minimax(text):
    form = "MiniMax-response-v1"
    return {"reasoning_details": [{"type": "reasoning.text", "text": text, "format": form, "index": 0}]}


@pytest.mark.parametrize("texts", [["The ", "user ", "asks"], ["The ", "The user ", "The user asks"]])
def test_reasoning_of_minimax_in_pieces_or_growing(answered, texts):
    closed = closing(content="x", **minimax("The user asks"))
    got = answered(*(frame(**minimax(one)) for one in texts), frame("stop", content="x"), closed, DONE)
    assert (got.error, got.reasoning, got.text) == (None, "The user asks", "x")


# Token counts


def counts(prompt=None, completion=None, total=None, reasoning=None, **more):
    names = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}
    usage = {name: count for name, count in names.items() if count is not None}
    details = {} if reasoning is None else {"completion_tokens_details": {"reasoning_tokens": reasoning}}
    return usage | details | more


USAGE = {
    "OpenAI: reasoning is part of the output": (counts(10, 400, 410, 386), Usage(10, 400, 386)),
    "xAI: reasoning is outside": (counts(10, 1, 397, 386), Usage(10, 387, 386)),
    "Gemini's compatible endpoint: in the total alone": (counts(10, 1, 397), Usage(10, 387)),
    "more reasoning than output, without a total": (counts(10, 1, None, 386), Usage(10, 387, 386)),
    "no reasoning": (counts(10, 5, 15, 0), Usage(10, 5, 0)),
    "a total that does not fit": (counts(10, 5, 3, 2), Usage(10, 5, 2)),
    "input from a cache outside the prompt": (
        counts(10, 5, 105, prompt_tokens_details={"cached_tokens": 90}),
        Usage(10, 5, None, 90),
    ),
    "zeros": (counts(0, 0, 0, 0), Usage(0, 0, 0)),
    "SGLang: reasoning beside the output": (counts(10, 400, 410, reasoning_tokens=386), Usage(10, 400, 386)),
    "Perplexity: reasoning beside the output": (
        counts(10, 1, 397, reasoning_tokens=386),
        Usage(10, 387, 386),
    ),
    "Moonshot: cached tokens": (counts(10, 1, 11, cached_tokens=4), Usage(10, 1, None, 4)),
    "DeepSeek: cached tokens": (
        counts(10, 1, 11, prompt_cache_hit_tokens=4, prompt_cache_miss_tokens=6),
        Usage(10, 1, None, 4),
    ),
    "Responses: other names": ({"input_tokens": 10, "output_tokens": 2}, Usage(10, 2)),
    "only the input": (counts(10), Usage(10)),
    "only the total": (counts(total=10), None),
    "input and total": (counts(10, None, 15), Usage(10)),
    "null": ({"prompt_tokens": 10, "completion_tokens": None, "completion_tokens_details": None}, Usage(10)),
    "true": ({"prompt_tokens": True, "completion_tokens": 2}, Usage(None, 2)),
    "below zero": ({"prompt_tokens": -1, "completion_tokens": 2}, Usage(None, 2)),
}


@pytest.mark.parametrize(("usage", "expected"), USAGE.values(), ids=USAGE)
def test_usage(answered, usage, expected):
    got = answered(frame("stop", content="x"), {"choices": [], "usage": usage}, DONE)
    assert (got.error, got.usage) == (None, expected)
    got = answered(body(closing(content="x") | {"usage": usage}), stream=False)
    assert got.usage == expected


# Servers without a finish reason


@pytest.fixture(scope="session")
def answered_with(in_memory, pieces, reading):
    def answered_with(marker, *frames, stream=True):
        sent = [one if isinstance(one, bytes) else b"data: %b\n\n" % body(one) for one in frames]
        wrapper = in_memory(pieces(sent))
        wrapper.end_marker = lambda: marker
        return reading(wrapper, stream=stream)

    return answered_with


@pytest.mark.parametrize("word", ["", None])
@pytest.mark.parametrize("done", [[DONE], []])
def test_snowflake(answered_with, word, done):
    last = {"choices": [], "usage": counts(3, 2, 5)}
    got = answered_with("usage", frame(word, content="x") | {"usage": {}}, last, *done)
    assert (got.text, got.finish_reason if done else type(got.error)) == (
        "x",
        "stop" if done else TruncatedStreamError,
    )


def test_snowflake_whole(answered):
    sent = closing("", content="x") | {"usage": counts(3, 2, 5)}
    got = answered(body(sent), stream=False)
    assert (got.error, got.text, got.usage) == (None, "x", Usage(3, 2))


@pytest.mark.parametrize(
    ("marker", "reason"), [("usage", "tool_calls"), ("done", "tool_calls"), (None, None)]
)
def test_novita(answered_with, marker, reason):
    call = pieces(piece("f", "{}", index=0, id="a"))
    got = answered_with(marker, call, {"choices": [], "usage": counts(3, 2)}, DONE)
    assert (got.finish_reason, got.tool_calls) == (reason, [("f", "{}")])
