"""Where an answer ends: finish reasons that come early, with every frame, or not at all."""

from __future__ import annotations

import pytest

from modelstream.errors import ProviderError, TruncatedStreamError
from modelstream.testing.server import Answer, End

CALL = {"index": 0, "id": "call_a", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}


def chunk(text, finish="null", **message):
    return {
        "output": {
            "choices": [
                {"message": {"role": "assistant", "content": text, **message}, "finish_reason": finish}
            ]
        }
    }


COUNTS = {"output": {"choices": []}, "usage": {"input_tokens": 3, "output_tokens": 2}}

COMPLETE = {
    "stop before any content, and at the end": (
        [chunk("", "stop"), chunk("Hello"), chunk("", "stop")],
        "Hello",
        "stop",
    ),
    "stop with every frame": ([chunk("Hel", "stop"), chunk("lo", "stop")], "Hello", "stop"),
    "stop with every frame, the first one empty": (
        [chunk("", "stop"), chunk("Hel", "stop"), chunk("lo", "stop")],
        "Hello",
        "stop",
    ),
    "stop with every frame, repeated pieces": (
        [chunk("ha", "stop"), chunk("ha", "stop"), chunk("!", "stop")],
        "haha!",
        "stop",
    ),
    "stop with every frame, whole texts": (
        [chunk("Hel", "stop"), chunk("Hello", "stop"), chunk("Hello!", "stop")],
        "Hello!",
        "stop",
    ),
    "stop with reasoning, then at the end": (
        [chunk("", "stop", reasoning_content="Hm"), chunk("Hi"), chunk("", "stop")],
        "Hi",
        "stop",
    ),
    "stop, then counts": ([chunk("Hi"), chunk("", "stop"), COUNTS], "Hi", "stop"),
    "stop, then an empty frame": ([chunk("Hi", "stop"), chunk("")], "Hi", "stop"),
    "stop, then the limit": ([chunk("Hel", "stop"), chunk("lo", "length")], "Hello", "length"),
    "a call": ([chunk("", "tool_calls", tool_calls=[CALL])], "", "tool_calls"),
    "text with stop, then a call": (
        [chunk("Hm", "stop"), chunk("", "tool_calls", tool_calls=[CALL])],
        "Hm",
        "tool_calls",
    ),
    "an unknown word": ([chunk("Hi"), chunk("", "tired")], "Hi", "stop"),
    "capitals": ([chunk("Hi"), chunk("", "STOP")], "Hi", "stop"),
    "only the end": ([chunk("", "stop")], "", "stop"),
}


@pytest.mark.parametrize("name", COMPLETE)
def test_complete_answers(server, model_of, read, wire, name):
    frames, text, reason = COMPLETE[name]
    server.play(Answer([wire.event(frame) for frame in frames]))
    got = read(model_of())
    assert (got.error, got.text, got.finish_reason) == (None, text, reason)
    assert got.snapshots[-1] == (True, text)


CUT = {
    "no finish reason": ([chunk("Hi")], "Hi"),
    "null": ([chunk("Hi", None)], "Hi"),
    "stop before any content": ([chunk("", "stop"), chunk("Hi")], "Hi"),
    "stop, then more": ([chunk("Hel"), chunk("", "stop"), chunk("lo")], "Hello"),
    "stop with every frame but the last": ([chunk("Hel", "stop"), chunk("lo", "stop"), chunk("!")], "Hello!"),
    "stop with every frame, then counts": ([chunk("Hel", "stop"), chunk("lo", "stop"), COUNTS], "Hello"),
    "counts alone": ([chunk("Hi"), COUNTS], "Hi"),
}


@pytest.mark.parametrize("name", CUT)
def test_cut_answers(server, model_of, read, wire, name):
    frames, text = CUT[name]
    server.play(Answer([wire.event(frame) for frame in frames]))
    got = read(model_of())
    assert type(got.error) is TruncatedStreamError
    assert got.error.partial_text == text


@pytest.mark.parametrize("word", ["error", "abort", "network_error"])
def test_words_that_mean_failure(server, model_of, read, wire, word):
    server.play(Answer([wire.event(chunk("Hi")), wire.event(chunk("", word))]))
    got = read(model_of())
    assert type(got.error) is ProviderError
    assert (got.error.code, got.error.partial_text, got.error.retryable) == (word, "Hi", True)


# A piece that waits for the next one, since it may be the whole text

WAITING = {
    "two pieces": ([chunk("no"), chunk("no way")], "nono way"),
    "three pieces": ([chunk("no"), chunk("no way"), chunk("no way!")], "no way!"),
    "repetitions": ([chunk("-"), chunk("--"), chunk("---")], "-" * 6),
    "reasoning": (
        [chunk("Hi"), chunk("", reasoning_content="no"), chunk("", reasoning_content="no way")],
        "Hi",
    ),
}


@pytest.mark.parametrize("end", [End.VALID, End.CUT, End.RESET])
@pytest.mark.parametrize("name", WAITING)
def test_a_piece_that_waits_when_the_answer_is_cut(*, server, model_of, read, wire, name, end):
    frames, text = WAITING[name]
    server.play(Answer([wire.event(frame) for frame in frames], end=end))
    got = read(model_of())
    assert got.error.partial_text == got.text == text


def test_a_piece_that_waits_before_an_error(server, model_of, read, wire):
    error = wire.event({"code": "Throttling", "message": "slowly"}, "error", 429)
    server.play(Answer([wire.event(chunk("no")), wire.event(chunk("no way")), error]))
    assert read(model_of()).error.partial_text == "nono way"


def test_a_piece_that_waits_makes_the_word_before_it_void(server, model_of, read, wire):
    server.play(Answer([wire.event(chunk("no", "stop")), wire.event(chunk("no way"))]))
    got = read(model_of())
    assert type(got.error) is TruncatedStreamError
    assert got.error.partial_text == "nono way"


# qwen-deep-research


def research(phase, content="", status="typing", *, reason="null", finished=False, typo=True, extra=None):
    """A frame of the documentation, in which `finished` is misspelt."""
    name = "fininshed" if typo else "finished"
    message = {"phase": phase, "role": "assistant", "content": content, "status": status}
    message["extra"] = {"deep_research": extra or {}}
    output = {"text": None, "finish_reason": None, "choices": None, "message": message}
    return {
        "output": {**output, name: finished, f"{name}_reason": reason},
        "usage": {"input_tokens": 694, "output_tokens": 0},
    }


SEARCH = research("WebResearch", "", "streamingQueries", extra={"research": {"researchGoal": "By finding"}})
RUN = [
    research("ResearchPlanning"),
    research("ResearchPlanning", "First "),
    research("ResearchPlanning", "search."),
    research("ResearchPlanning", "", "finished"),
    SEARCH,
    research("WebResearch", "", "streamingWebResult"),
    research("WebResearch", "", "WebResultFinished"),
    research("KeepAlive"),
    research("answer", "Tea "),
    research("answer", "is hot."),
]
ENDS = {
    "the status": [research("answer", "", "finished")],
    "the status, then keepalives": [research("answer", "", "finished"), research("KeepAlive")],
    "the status, then the flag": [
        research("answer", "", "finished"),
        research("answer", "", "finished", finished=True),
    ],
    "the misspelt flag": [research("answer", finished=True)],
    "the flag": [research("answer", finished=True, typo=False)],
    "the misspelt reason": [research("answer", reason="stop")],
    "the reason": [research("answer", reason="stop", typo=False)],
    "content with the reason": [research("answer", "", reason="stop", finished=True)],
}


@pytest.mark.parametrize("name", ENDS)
def test_a_research(server, model_of, read, wire, name):
    server.play(Answer([wire.event(frame) for frame in (*RUN, *ENDS[name])]))
    got = read(model_of(model_name="qwen-deep-research"))
    assert (got.error, got.text, got.reasoning) == (None, "Tea is hot.", "First search.")
    assert (got.finish_reason, got.usage.input_tokens) == ("stop", 694)


def test_a_research_that_asks_first(server, model_of, read, wire):
    frames = [research("answer", "Which "), research("answer", "tea?"), research("answer", "", "finished")]
    server.play(Answer([wire.event(frame) for frame in frames]))
    assert read(model_of()).text == "Which tea?"


def test_a_research_that_reaches_its_limit(server, model_of, read, wire):
    server.play(Answer([wire.event(frame) for frame in (*RUN, research("answer", reason="length"))]))
    assert read(model_of()).finish_reason == "length"


@pytest.mark.parametrize("length", range(1, len(RUN) + 1))
def test_a_research_that_is_cut(server, model_of, read, wire, length):
    server.play(Answer([wire.event(frame) for frame in RUN[:length]]))
    got = read(model_of())
    assert type(got.error) is TruncatedStreamError
    assert "Tea is hot.".startswith(got.error.partial_text)
