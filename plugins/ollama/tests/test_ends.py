"""Where an answer ends, and how: `done: true` ends it, whatever `done_reason` came before."""

from __future__ import annotations

import pytest

from modelstream.errors import ProviderError, TruncatedStreamError

CALL = {"function": {"name": "f", "arguments": {"x": 1}}}
COUNTS = {"prompt_eval_count": 3, "eval_count": 2}


def line_of(content, **fields):
    return {"message": {"role": "assistant", "content": content}, "done": False, **fields}


def end(reason="stop", content="", **fields):
    return {
        "message": {"role": "assistant", "content": content},
        "done": True,
        "done_reason": reason,
        **fields,
    }


COMPLETE = {
    "stop before any content": (
        [line_of("", done_reason="stop"), line_of("Hi"), end()],
        "Hi",
        "stop",
        "stop",
    ),
    "stop in every line": (
        [line_of("H", done_reason="stop"), line_of("i", done_reason="stop"), end()],
        "Hi",
        "stop",
        "stop",
    ),
    "without a reason": ([line_of("Hi"), {"done": True}], "Hi", "stop", None),
    "an empty reason": ([line_of("Hi"), end("")], "Hi", "stop", None),
    "null as the reason": ([line_of("Hi"), end(None)], "Hi", "stop", None),
    "nothing but the end": ([end()], "", "stop", "stop"),
    "content in the last line": ([line_of("H"), end(content="i")], "Hi", "stop", "stop"),
    "length": ([line_of("Hi"), end("length")], "Hi", "length", "length"),
    "capitals": ([line_of("Hi"), end("LENGTH")], "Hi", "length", "LENGTH"),
    "load after content": ([line_of("Hi"), end("load")], "Hi", "stop", "load"),
    "load with content": ([end("load", "Hi")], "Hi", "stop", "load"),
    "unload after content": ([line_of("Hi"), end("unload")], "Hi", "stop", "unload"),
    "the filter of a gateway": (
        [line_of("Hi"), end("content_filter")],
        "Hi",
        "content_filter",
        "content_filter",
    ),
    "an unknown word": ([line_of("Hi"), end("tired")], "Hi", "stop", "tired"),
    "a call": ([{"message": {"tool_calls": [CALL]}}, end()], "", "tool_calls", "stop"),
    "a call, without a reason": (
        [{"message": {"tool_calls": [CALL]}}, {"done": True}],
        "",
        "tool_calls",
        None,
    ),
    "lines after the end": ([line_of("Hi"), end(), line_of(" there"), end("length")], "Hi", "stop", "stop"),
    "/api/generate": (
        [{"response": "Hi"}, {"response": "", "done": True, "done_reason": "stop"}],
        "Hi",
        "stop",
        "stop",
    ),
}


@pytest.mark.parametrize("name", COMPLETE)
def test_complete_answers(server, model_of, read, lines, name):
    documents, text, reason, raw = COMPLETE[name]
    server.play(lines.answer(*documents))
    got = read(model_of())
    assert (got.error, got.text, got.finish_reason, got.raw_finish_reason) == (None, text, reason, raw)
    assert got.snapshots[-1] == (True, text)


FAILED = {
    "load and nothing else": ([end("load")], "", False),
    "load and counts": ([end("load", **COUNTS)], "", False),
    "unload": ([end("unload")], "", False),
    "load after an empty line": ([line_of(""), end("load")], "", False),
    "error": ([line_of("Hi"), end("error")], "Hi", True),
    "abort": ([line_of("Hi"), end("abort")], "Hi", True),
}


@pytest.mark.parametrize("name", FAILED)
@pytest.mark.parametrize("stream", [True, False])
def test_reasons_that_mean_failure(*, server, model_of, read, lines, name, stream):
    documents, text, retryable = FAILED[name]
    server.play(lines.answer(*documents))
    got = read(model_of(), stream=stream)
    assert type(got.error) is ProviderError
    assert (got.error.code, got.error.retryable) == (documents[-1]["done_reason"], retryable)
    assert got.error.partial_text == text
    assert not any(snapshot.last for snapshot in got.snapshots)


CUT = {
    "no end": [line_of("Hi")],
    "nothing at all": [],
    "a reason without done": [line_of("Hi", done_reason="stop")],
    "a reason in every line": [line_of("H", done_reason="stop"), line_of("i", done_reason="stop")],
}


@pytest.mark.parametrize("name", CUT)
def test_cut_answers(server, model_of, read, lines, name):
    server.play(lines.answer(*CUT[name]))
    got = read(model_of())
    assert type(got.error) is TruncatedStreamError
    assert got.error.partial_text == ("Hi" if CUT[name] else "")
