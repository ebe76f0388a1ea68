"""The content of answers: text, thoughts, calls, usage and finish, in all their forms."""

from __future__ import annotations

import json

import pytest

from modelstream.deltas import Usage
from modelstream.errors import MalformedDataError, ProviderError
from modelstream.testing.server import Answer


def test_text_usage_and_finish(model, read):
    got = read(model)
    assert got.snapshots == [(False, "Hel"), (False, "Hello"), (True, "Hello")]
    assert (got.finish_reason, got.raw_finish_reason) == ("stop", "STOP")
    assert got.usage == Usage(3, 2)


def test_not_streamed(model, server, wire, read):
    parts = ({"text": "Hm.", "thought": True}, {"text": "Hello"}, wire.call("f", {"n": 2}))
    server.play(Answer.of_json({**wire.candidate(*parts, finish="STOP"), "usageMetadata": wire.usage}))
    got = read(model, stream=False)
    assert (got.text, got.reasoning, got.calls) == ("Hello", "Hm.", [("f", {"n": 2})])
    assert (got.finish_reason, got.usage, got.snapshots) == ("tool_calls", Usage(3, 2), [])


def test_B41_a_finish_without_text_ends_the_answer(model, server, wire, read):
    for last in (wire.text("", "STOP"), wire.event({"candidates": [{"finishReason": "STOP"}]}), wire.end):
        server.play(Answer([wire.text("Hello"), last]))
        got = read(model)
        assert (got.snapshots, got.error) == ([(False, "Hello"), (True, "Hello")], None)


def test_B06_a_finish_alone_is_an_empty_answer(model, server, wire, read):
    server.play(Answer([wire.end]))
    got = read(model)
    assert (got.snapshots, got.finish_reason) == ([(True, "")], "stop")


def test_B40_an_empty_body_is_an_error(model, server, read):
    server.play(Answer())
    assert "the stream ended before" in str(read(model).error)


def test_B10_thoughts_are_not_text(model, server, wire, read):
    thought = {"text": "Let me see.", "thought": True}
    server.play(Answer([wire.event(wire.candidate(thought)), wire.text("Four."), wire.end]))
    got = read(model)
    assert (got.text, got.reasoning) == ("Four.", "Let me see.")
    assert got.snapshots == [(False, "Four."), (True, "Four.")]


def test_B08_B09_calls_and_text_in_one_frame(model, server, wire, read):
    parts = ({"text": "I ask."}, wire.call("f", {"city": "Oslo"}), wire.call("g", {}, id="g1"))
    server.play(Answer([wire.event(wire.candidate(*parts)), wire.end]))
    got = read(model)
    assert (got.text, got.calls) == ("I ask.", [("f", {"city": "Oslo"}), ("g", {})])
    assert got.tool_calls[1].id == "g1"
    assert got.tool_calls[0].id.startswith("call_")
    assert (got.finish_reason, got.raw_finish_reason) == ("tool_calls", "STOP")


def test_numbers_in_arguments_are_not_changed(model, server, wire, read):
    args = {"n": 2, "x": 2.0, "big": 123456789012345678901234567890, "deep": [{"m": -1}]}
    server.play(Answer([wire.event(wire.candidate(wire.call("f", args))), wire.end]))
    got = read(model)
    assert json.loads(got.tool_calls[0].arguments) == args
    assert '"n": 2, "x": 2.0, "big": 123456789012345678901234567890' in got.tool_calls[0].arguments


def test_calls_of_several_frames_are_several_calls(model, server, wire, read):
    frames = [wire.event(wire.candidate(wire.call("f", {"n": n}))) for n in range(3)]
    server.play(Answer([*frames, wire.end]))
    assert read(model).calls == [("f", {"n": n}) for n in range(3)]


def test_a_call_with_half_a_character(model, server, read):
    frame = rb'{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"s":"\ud83d"}}}]}}]}'
    server.play(Answer([b"data: " + frame + b"\n\n", b'data: {"candidates":[{"finishReason":"STOP"}]}\n\n']))
    got = read(model)
    assert (got.error, [name for name, _ in got.calls]) == (None, ["f"])


def test_other_parts_are_skipped(model, server, wire, read):
    parts = (
        {"executableCode": {"language": "PYTHON", "code": "1+1"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2"}},
        {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
        {"thoughtSignature": "c2ln"},
        {"toolCall": {"toolType": "GOOGLE_SEARCH_WEB", "args": {}}},
        {"text": "Two."},
    )
    server.play(Answer([wire.event(wire.candidate(*parts)), wire.end]))
    assert read(model).text == "Two."


def test_only_the_first_candidate_is_read(model, server, wire, read):
    first, second = wire.candidate({"text": "A"}), wire.candidate({"text": "B"}, index=1)
    both = {"candidates": second["candidates"] + first["candidates"]}
    ends = {"candidates": [{"index": 1, "finishReason": "MAX_TOKENS"}, {"index": 0, "finishReason": "STOP"}]}
    server.play(Answer([wire.event(both), wire.event(ends)]))
    got = read(model)
    assert (got.text, got.raw_finish_reason) == ("A", "STOP")


@pytest.mark.parametrize(
    "frame",
    [
        {},
        {"candidates": []},
        {"candidates": None, "usageMetadata": None, "promptFeedback": None},
        {"candidates": [{}]},
        {"candidates": [{"content": None, "index": None}]},
        {"candidates": [{"content": {"role": "model"}}]},
        {"candidates": [{"content": {"parts": None}}]},
        {"candidates": [{"content": {"parts": [{"text": None, "thought": None}, {}]}}]},
        {"usageMetadata": {"trafficType": "ON_DEMAND"}},
        {"usageMetadata": {"promptTokenCount": "many"}},
        {"promptFeedback": {"safetyRatings": [{"category": "HARM_CATEGORY_HARASSMENT"}]}},
        {"promptFeedback": {"blockReason": "BLOCK_REASON_UNSPECIFIED"}},
    ],
)
def test_frames_without_content(model, server, wire, read, frame):
    server.play(Answer([wire.event(frame), wire.text("Hello"), wire.event(frame), wire.end]))
    got = read(model)
    assert (got.text, got.finish_reason, got.usage) == ("Hello", "stop", Usage(3, 2))


# Usage


def test_total_usage_is_what_google_bills(model, server, wire, read):
    counts = {
        "promptTokenCount": 17,
        "toolUsePromptTokenCount": 102,
        "cachedContentTokenCount": 10,
        "candidatesTokenCount": 241,
        "thoughtsTokenCount": 412,
        "totalTokenCount": 772,
    }
    server.play(Answer([wire.event({**wire.candidate({"text": "x"}), "usageMetadata": counts}), wire.end]))
    response = model("hi", stream=True)
    deltas = [delta for delta in response.deltas if type(delta).__name__ == "UsageDelta"]
    assert deltas[0].total_tokens == 772
    assert (deltas[0].reasoning_tokens, deltas[0].cached_tokens) == (412, 10)
    assert read(model).usage.input_tokens == 3


def test_the_same_usage_is_reported_once(model, server, wire):
    frame = {**wire.candidate({"text": "x"}), "usageMetadata": wire.usage}
    server.play(Answer([wire.event(frame), wire.event(frame), wire.end]))
    deltas = list(model("hi", stream=True).deltas)
    assert [type(delta).__name__ for delta in deltas] == ["TextDelta", "UsageDelta", "TextDelta", "Finish"]


# Finishes

FINISHES = {
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "MODEL_ARMOR": "content_filter",
}


@pytest.mark.parametrize(("word", "reason"), FINISHES.items())
def test_B13_finish_reasons(model, server, wire, read, word, reason):
    for body in ([wire.text("Hel"), wire.text("lo", word)], [wire.text("Hello", word)]):
        server.play(Answer(body))
        got = read(model)
        assert (got.snapshots[-1], got.finish_reason, got.raw_finish_reason) == (
            (True, "Hello"),
            reason,
            word,
        )


FAILED = {
    "IMAGE_OTHER": False,
    "MALFORMED_FUNCTION_CALL": True,
    "MALFORMED_RESPONSE": True,
    "MISSING_THOUGHT_SIGNATURE": False,
    "NO_IMAGE": True,
    "OTHER": False,
    "PUP_LIMITED_DISABLED": False,
    "TOO_MANY_TOOL_CALLS": False,
    "UNEXPECTED_TOOL_CALL": True,
    # Those of gateways.
    "ERROR": True,
    "ABORT": True,
}
"""The words that mean failure, and whether a retry may help."""


@pytest.mark.parametrize("word", FAILED)
def test_a_finish_for_failure_is_an_error_with_the_partial_text(model, server, wire, read, word):
    last = {**wire.candidate(finish=word, finishMessage="print(f("), "usageMetadata": wire.usage}
    server.play(Answer([wire.text("Hello"), wire.event(last)]))
    got = read(model)
    assert type(got.error) is ProviderError
    assert f"(finishReason {word}): print(f(" in str(got.error)
    assert (got.error.code, got.error.partial_text, got.error.usage) == (word, "Hello", Usage(3, 2))
    assert got.error.retryable == FAILED[word]
    assert not any(snapshot.last for snapshot in got.snapshots)


@pytest.mark.parametrize("word", ["FINISH_REASON_UNSPECIFIED", "", None, 0])
def test_an_unspecified_finish_does_not_end_the_answer(model, server, wire, read, word):
    frame = wire.candidate({"text": "Hello"})
    frame["candidates"][0]["finishReason"] = word
    server.play(Answer([wire.event(frame)]))
    assert "the stream ended before" in str(read(model).error)


@pytest.mark.parametrize("stream", [True, False])
def test_a_blocked_prompt(model, server, wire, read, stream):
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 3}}
    server.play(Answer([wire.event(blocked)]) if stream else Answer.of_json(blocked))
    got = read(model, stream=stream)
    assert (got.text, got.finish_reason, got.raw_finish_reason) == ("", "content_filter", "SAFETY")
    assert got.usage.input_tokens == 3


# Servers that send STOP in every frame


def test_stop_in_every_frame_does_not_cut_the_answer(model, server, wire, read):
    server.play(Answer([wire.text(piece, "STOP") for piece in ("Hel", "lo, ", "world")]))
    got = read(model)
    assert got.snapshots == [
        (False, "Hel"),
        (False, "Hello, "),
        (False, "Hello, world"),
        (True, "Hello, world"),
    ]
    assert (got.error, got.finish_reason) == (None, "stop")


def test_stop_in_every_frame_and_then_the_limit(model, server, wire, read):
    server.play(Answer([wire.text("Hel", "STOP"), wire.text("lo", "MAX_TOKENS")]))
    got = read(model)
    assert (got.text, got.finish_reason) == ("Hello", "length")


def test_raw_chunks_are_the_frames(model, server, wire, read):
    server.play(Answer([wire.text("Hel", "STOP"), wire.text("lo", "STOP")]))
    got = read(model, raw=True)
    assert [json.loads(frame)["candidates"][0]["finishReason"] for frame in got.raw] == ["STOP", "STOP"]
    server.play(Answer.of_json(wire.candidate({"text": "Hello"}, finish="STOP")))
    assert len(read(model, raw=True, stream=False).raw) == 1


# Other forms


@pytest.mark.parametrize(
    "form",
    [
        lambda frame: b": keep-alive\r\n\r\ndata:" + frame + b"\r\n\r\n",
        lambda frame: b"\r\nevent: message\nid: 7\ndata: " + frame + b"\n\n",
        lambda frame: b"data: " + frame.replace(b', "index"', b',\ndata: "index"') + b"\n\n",
        lambda frame: b"data: " + frame + b"\r\r",
    ],
    ids=["comment, no space", "other fields", "two lines", "CR"],
)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_all_forms_of_events_in_the_standard(read_pieces, wire, form, mark, size):
    frames = [wire.candidate({"text": delta}) for delta in ("Hé", "llo\u2028")] + [
        wire.candidate(finish="STOP")
    ]
    body = mark + b"".join(form(json.dumps(frame, ensure_ascii=False).encode()) for frame in frames)
    got = read_pieces([body[at : at + size] for at in range(0, len(body), size)])
    assert (got.snapshots, got.error) == (
        [(False, "Hé"), (False, "Héllo\u2028"), (True, "Héllo\u2028")],
        None,
    )


@pytest.mark.parametrize("size", [1, 3, 7, 10_000])
@pytest.mark.parametrize("stop", ["STOP", 1])
def test_a_json_array_instead_of_events(read_pieces, wire, size, stop):
    frames = [wire.candidate({"text": "Hel"}), wire.candidate({"text": 'lo"]}'}), wire.candidate(finish=stop)]
    body = b" \r\n[" + b",\r\n".join(json.dumps(frame, indent=1).encode() for frame in frames) + b"\n]\n"
    got = read_pieces([body[at : at + size] for at in range(0, len(body), size)])
    assert got.snapshots == [(False, "Hel"), (False, 'Hello"]}'), (True, 'Hello"]}')]
    assert (got.finish_reason, got.raw_finish_reason) == ("stop", "STOP")


def test_enums_as_numbers(read_pieces, wire):
    for number, word in {2: "MAX_TOKENS", 3: "SAFETY", 11: "IMAGE_SAFETY"}.items():
        assert read_pieces([wire.text("x", number)]).raw_finish_reason == word
    assert (
        read_pieces([wire.event({"promptFeedback": {"blockReason": 4}})]).raw_finish_reason
        == "PROHIBITED_CONTENT"
    )
    assert read_pieces([wire.text("x", 99)]).raw_finish_reason == "99"


@pytest.mark.parametrize("body", [b"", b" \n"])
def test_an_empty_document(model, server, read, body):
    server.play(Answer([body], framing="length", headers={"Content-Type": "application/json"}))
    got = read(model, stream=False)
    assert isinstance(got.error, MalformedDataError)
    assert "the answer is empty" in str(got.error)


@pytest.mark.parametrize("document", [{}, [], {"modelVersion": "x"}, "text", {"candidates": []}, 7])
def test_a_document_without_an_answer(model, server, read, document):
    server.play(Answer.of_json(document))
    got = read(model, stream=False)
    assert isinstance(got.error, MalformedDataError)


def test_a_stream_instead_of_a_document(model, server, read, wire):
    server.play(wire.hello)
    assert read(model, stream=False).text == "Hello"
