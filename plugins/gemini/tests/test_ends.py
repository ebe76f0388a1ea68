"""Where an answer ends: finishReasons that come early, with every chunk, twice, unknown, or not at all."""

from __future__ import annotations

import logging

import pytest

from modelstream.errors import ProviderError, TruncatedStreamError
from modelstream.testing.server import Answer
from modelstream_gemini.dialect.finishes import CALLED, FINISHES, is_failure


def chunk(*parts, finish=None, **fields):
    """A frame with these parts, of which a str is a text."""
    content = [{"text": part} if isinstance(part, str) else part for part in parts]
    candidate = {"content": {"role": "model", "parts": content}, "index": 0}
    return {"candidates": [{**candidate, "finishReason": finish} if finish else candidate], **fields}


def stop(*parts, finish="STOP", **fields):
    return chunk(*parts, finish=finish, **fields)


CALL = {"functionCall": {"name": "f", "args": {"x": 1}}}
OTHER_CALL = {"functionCall": {"name": "g", "args": {}}}
COUNTS = {"usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2}}
PICTURE = {"inlineData": {"mimeType": "image/png", "data": "aGk="}}
CODE = {"executableCode": {"language": "PYTHON", "code": "1+1"}}
SIGNED = {"thoughtSignature": "c2ln"}

COMPLETE = {
    "STOP before any content, and at the end": (
        [stop(), chunk("Hello "), chunk("world"), stop()],
        "Hello world",
        "stop",
    ),
    "STOP in every chunk, the first one empty": (
        [stop(), stop("Hello "), stop("world")],
        "Hello world",
        "stop",
    ),
    "STOP in every chunk, the last one empty": (
        [stop("Hello "), stop("world"), stop()],
        "Hello world",
        "stop",
    ),
    "STOP in every chunk": ([stop("Hello "), stop("world")], "Hello world", "stop"),
    "STOP in every chunk, counts in the last": (
        [stop("Hello "), stop("world", **COUNTS)],
        "Hello world",
        "stop",
    ),
    "STOP with reasoning, then at the end": (
        [stop({"text": "Hm", "thought": True}), chunk("Hi"), stop()],
        "Hi",
        "stop",
    ),
    "STOP, then counts": ([chunk("Hi"), stop(), {**COUNTS}], "Hi", "stop"),
    "STOP, then a signature": ([chunk("Hi"), stop(), chunk(SIGNED)], "Hi", "stop"),
    "STOP, then an empty text": ([chunk("Hi"), stop(), chunk("")], "Hi", "stop"),
    "STOP and then the limit": ([stop("Hel"), stop("lo", finish="MAX_TOKENS")], "Hello", "length"),
    "STOP with each of two calls": ([stop(CALL), stop(OTHER_CALL)], "", "tool_calls"),
    "STOP after text, then a call": ([stop("Hm"), stop(CALL)], "Hm", "tool_calls"),
    "FUNCTION_CALL with a call": ([stop(CALL, finish="FUNCTION_CALL")], "", "tool_calls"),
    "FUNCTION_CALL after a call": ([chunk(CALL), stop(finish="FUNCTION_CALL")], "", "tool_calls"),
    "TOOL_CALLS with a call": ([stop(CALL, finish="TOOL_CALLS")], "", "tool_calls"),
    "tool_calls with a call": ([stop(CALL, finish="tool_calls")], "", "tool_calls"),
    "FUNCTION_CALLS with a call": ([stop(CALL, finish="FUNCTION_CALLS")], "", "tool_calls"),
    "TOOL_USE after a call": ([chunk(CALL), stop(finish="TOOL_USE")], "", "tool_calls"),
    "tool_use after text and a call": ([chunk("Hm"), stop(CALL, finish="tool_use")], "Hm", "tool_calls"),
    "FUNCTION_CALL without a call": ([stop("Hi", finish="FUNCTION_CALL")], "Hi", "stop"),
    "stop": ([stop("Hi", finish="stop")], "Hi", "stop"),
    "length": ([stop("Hi", finish="length")], "Hi", "length"),
    "an unknown word": ([chunk("Hi"), stop(finish="TIRED")], "Hi", "stop"),
    "an unknown number": ([chunk("Hi"), stop(finish=77)], "Hi", "stop"),
    "SAFETY before any content": ([stop(finish="SAFETY")], "", "content_filter"),
    "SAFETY, then STOP": ([chunk("Hi"), stop(finish="SAFETY"), stop()], "Hi", "content_filter"),
    "a picture alone": ([chunk(PICTURE), stop()], "", "stop"),
    "STOP with a picture, lost": ([stop(PICTURE)], "", "stop"),
}


@pytest.mark.parametrize("name", COMPLETE)
def test_complete_answers(model, server, wire, read, name):
    frames, text, reason = COMPLETE[name]
    server.play(Answer([wire.event(frame) for frame in frames]))
    got = read(model)
    assert (got.error, got.text, got.finish_reason) == (None, text, reason)
    assert got.snapshots[-1] == (True, text)


CUT = {
    "no finishReason": ([chunk("Hi")], "Hi"),
    "STOP, then more": ([chunk("Hel"), stop(), chunk("lo")], "Hello"),
    "STOP in every chunk but the last": ([stop("Hel"), stop("lo"), chunk("!")], "Hello!"),
    "STOP, then a picture": ([chunk("Hi"), stop(), chunk(PICTURE)], "Hi"),
    "STOP, then code": ([chunk("Hi"), stop(), chunk(CODE)], "Hi"),
    "STOP before any content": ([stop(), chunk("Hi")], "Hi"),
    "STOP in every chunk, then counts": ([stop("Hel"), stop("lo"), {**COUNTS}], "Hello"),
    "counts alone": ([chunk("Hi", **COUNTS)], "Hi"),
    "an unknown word, then counts": ([chunk("Hi"), stop(finish="TIRED"), {**COUNTS}], "Hi"),
    "UNSPECIFIED": ([stop("Hi", finish="FINISH_REASON_UNSPECIFIED")], "Hi"),
    "0": ([stop("Hi"), chunk("", finish=None), {"candidates": [{"finishReason": 0}]}, chunk("!")], "Hi!"),
}


@pytest.mark.parametrize("name", CUT)
def test_cut_answers(model, server, wire, read, name):
    frames, text = CUT[name]
    server.play(Answer([wire.event(frame) for frame in frames]))
    got = read(model)
    assert type(got.error) is TruncatedStreamError
    assert got.error.partial_text == text
    assert not any(snapshot.last for snapshot in got.snapshots)


@pytest.mark.parametrize(
    "before", [[], [chunk("Hi")], [stop("Hi")]], ids=["alone", "after text", "after STOP"]
)
def test_a_failure_ends_the_answer(model, server, wire, read, before):
    frames = [*before, stop(finish="MALFORMED_FUNCTION_CALL", **COUNTS), chunk("more")]
    server.play(Answer([wire.event(frame) for frame in frames]))
    got = read(model)
    assert type(got.error) is ProviderError
    assert (got.error.partial_text, got.error.usage.input_tokens) == ("Hi" if before else "", 3)


def test_an_unknown_word_is_logged_once(model, server, wire, read, caplog):
    server.play(Answer([wire.event(stop("Hi", finish="TIRED"))]))
    with caplog.at_level(logging.WARNING, "modelstream"):
        assert read(model).raw_finish_reason == "TIRED"
    assert [record.getMessage() for record in caplog.records if "TIRED" in record.getMessage()] != []


def test_every_word_of_the_sdk_is_known():
    types = pytest.importorskip("google.genai.types")
    words = {word.name for word in types.FinishReason} - {"FINISH_REASON_UNSPECIFIED"}
    assert {word for word in words if word not in FINISHES and not is_failure(word)} == set()
    assert not any(is_failure(word) for word in [*FINISHES, *CALLED])
    assert all(is_failure(word) for word in ("ERROR", "ABORTED", "CANCELLED", "TIMEOUT"))


# Answers that are not streamed

WHOLE = {
    "STOP": (stop("Hi"), None, "stop"),
    "counts and no word": (chunk("Hi", **COUNTS), None, "stop"),
    "counts, a call and no word": (chunk(CALL, **COUNTS), None, "tool_calls"),
    "counts and UNSPECIFIED": (stop("Hi", finish="FINISH_REASON_UNSPECIFIED", **COUNTS), None, "stop"),
    "an unknown word": (stop("Hi", finish="TIRED"), None, "stop"),
    "FUNCTION_CALL": (stop(CALL, finish="FUNCTION_CALL"), None, "tool_calls"),
    "neither": (chunk("Hi"), TruncatedStreamError, None),
    "OTHER": (stop("Hi", finish="OTHER", **COUNTS), ProviderError, None),
}


@pytest.mark.parametrize("name", WHOLE)
def test_answers_that_are_not_streamed(model, server, read, name):
    document, error, reason = WHOLE[name]
    server.play(Answer.of_json(document))
    got = read(model, stream=False)
    if error is None:
        assert (got.error, got.finish_reason) == (None, reason)
    else:
        assert type(got.error) is error
        assert got.error.partial_text == "Hi"


# Counts


@pytest.mark.parametrize(
    ("sent", "counts"),
    [
        ({"promptTokenCount": 3}, (3, None, None, None)),
        ({"candidatesTokenCount": 2}, (None, 2, None, None)),
        ({"promptTokenCount": 3, "candidatesTokenCount": 0}, (3, 0, None, None)),
        ({"promptTokenCount": 3, "thoughtsTokenCount": 5}, (3, 5, 5, None)),
        ({"promptTokenCount": None, "candidatesTokenCount": "many"}, None),
        ({}, None),
    ],
)
def test_counts_that_are_absent_are_unknown(model, server, wire, read, sent, counts):
    server.play(Answer([wire.event(stop("Hi", usageMetadata=sent))]))
    usage = read(model).usage
    known = usage and (usage.input_tokens, usage.output_tokens, usage.reasoning_tokens, usage.cached_tokens)
    assert known == counts
