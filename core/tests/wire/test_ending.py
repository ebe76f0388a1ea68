"""When an answer is complete: finish words that come early, late, twice, or not at all."""

from __future__ import annotations

import logging
import threading
import time

import msgspec
import pytest

from modelstream.config.parsing import parse_config
from modelstream.deltas import Finish, TextDelta, UsageDelta
from modelstream.errors import (
    ConfigError,
    ConnectionLostError,
    ProviderError,
    StreamCancelledError,
    StreamTimeoutError,
    TruncatedStreamError,
)
from modelstream.wire import FINISHES, HttpConfig, SseFramer, finish_of
from modelstream.wire.http_config import end_marker_of

USAGE = {"usage": [3, 2]}
DONE = "[DONE]"


class Frames:
    """A wire whose frames are objects with `text`, `finish`, `usage`, `error` and `media`."""

    has_terminal = True

    def __init__(self) -> None:
        self.done = False

    def read(self, frame, deltas):
        if frame == b"[DONE]":
            self.done = True
            return
        document = msgspec.json.decode(frame)
        if "error" in document:
            raise ProviderError(document["error"])
        if "media" in document:
            deltas.append(TextDelta(""))
        if "text" in document:
            deltas.append(document["text"])
        if "usage" in document:
            deltas.append(UsageDelta(*document["usage"]))
        if "finish" in document:
            deltas.append(finish_of(document["finish"], FINISHES))

    def read_whole(self, body, deltas):
        self.read(body, deltas)


class FramesWithoutTerminal(Frames):
    has_terminal = False


def sent(*frames):
    return [_event(frame) for frame in frames]


def _event(frame):
    if isinstance(frame, Exception):
        return frame
    return b"data: " + (frame.encode() if isinstance(frame, str) else msgspec.json.encode(frame)) + b"\n\n"


def text(text):
    return {"text": text}


def word(finish, **fields):
    return {"finish": finish, **fields}


@pytest.fixture(params=["apart", "together"])
def outcome(request, reading, in_memory, pieces):
    """What a reader sees of these frames; they arrive one by one, or all in one piece."""

    def outcome(*frames, terminal=True, marker=None):
        body = sent(*frames)
        if request.param == "together":
            lost = [piece for piece in body if isinstance(piece, Exception)]
            body = [b"".join(piece for piece in body if not isinstance(piece, Exception)), *lost]
        wrapper = in_memory(pieces(body), Frames if terminal else FramesWithoutTerminal)
        wrapper.end_marker = lambda: marker
        return reading(wrapper)

    return outcome


LOST = ConnectionResetError("reset")
BOTH = [True, False]


@pytest.mark.parametrize(
    ("frames", "terminal", "text", "reason"),
    [
        # strong: at the terminal frame, at the end of the body, or with the connection
        ([text("a"), word("stop"), DONE], BOTH, "a", "stop"),
        ([text("a"), word("stop")], BOTH, "a", "stop"),
        ([text("a"), word("stop"), USAGE], BOTH, "a", "stop"),
        ([text("a"), word("stop"), LOST], BOTH, "a", "stop"),
        ([word("stop", text="a")], BOTH, "a", "stop"),
        ([word("stop", text="a"), LOST], BOTH, "a", "stop"),
        ([{"media": 1}, word("stop")], BOTH, "", "stop"),
        # void: what follows belongs to the answer
        ([word("stop", text="Hel"), word("stop", text="lo"), DONE], [True], "Hello", "stop"),
        ([word("stop", text="Hel"), word("stop", text="lo")], [False], "Hello", "stop"),
        ([text("a"), word("stop"), text("b"), word("length"), DONE], [True], "ab", "length"),
        ([text("a"), word("stop"), text("b"), word("length")], [False], "ab", "length"),
        # before anything was said
        ([word("stop"), text("Hello"), word("stop"), DONE], [True], "Hello", "stop"),
        ([word("stop"), text("Hello"), word("stop")], [False], "Hello", "stop"),
        ([word("stop"), DONE], [True], "", "stop"),
        ([word("stop")], [False], "", "stop"),
        ([word("stop"), USAGE, DONE], [True], "", "stop"),
        # between two words nothing was said
        ([text("a"), word("tool_calls"), word("stop"), DONE], [True], "a", "tool_calls"),
        ([text("a"), word("stop"), word("length")], BOTH, "a", "length"),
        ([text("a"), word("length"), word("tool_calls")], BOTH, "a", "tool_calls"),
        # filters are never weak
        ([word("content_filter")], BOTH, "", "content_filter"),
        ([word("content_filter"), LOST], BOTH, "", "content_filter"),
        ([word("stop", text="a"), text("b"), word("content_filter"), LOST], BOTH, "ab", "content_filter"),
        # a word that is not known
        ([text("a"), word("tomorrow"), DONE], [True], "a", "stop"),
        ([text("a"), word("tomorrow")], [False], "a", "stop"),
        # after the terminal frame nothing is read
        ([text("a"), word("stop"), DONE, text("b"), {"error": "late"}], [True], "a", "stop"),
    ],
)
def test_complete(outcome, frames, terminal, text, reason):
    for has_terminal in terminal:
        got = outcome(*frames, terminal=has_terminal)
        assert got.error is None
        assert (got.text, got.finish_reason) == (text, reason)
        assert got.snapshots[-1] == (True, text)
        assert [last for last, _ in got.snapshots[:-1]] == [False] * (len(got.snapshots) - 1)


@pytest.mark.parametrize(
    ("frames", "terminal", "text", "kind"),
    [
        ([text("a")], BOTH, "a", TruncatedStreamError),
        ([text("a"), DONE], [True], "a", TruncatedStreamError),
        ([text("a"), USAGE, DONE], [True], "a", TruncatedStreamError),
        # weak words without the sign that they need
        ([word("stop")], [True], "", TruncatedStreamError),
        ([word("stop", text="Hel"), word("stop", text="lo")], [True], "Hello", TruncatedStreamError),
        ([word("stop", text="Hel"), word("stop", text="lo"), LOST], BOTH, "Hello", ConnectionLostError),
        ([word("stop", text="Hel"), word("stop", text="lo"), USAGE], BOTH, "Hello", TruncatedStreamError),
        ([word("stop"), text("Hello")], BOTH, "Hello", TruncatedStreamError),
        ([word("stop"), text("Hello"), DONE], [True], "Hello", TruncatedStreamError),
        ([text("a"), word("tomorrow")], [True], "a", TruncatedStreamError),
        ([text("a"), word("tomorrow"), LOST], BOTH, "a", ConnectionLostError),
        # an error before the word took effect
        ([text("a"), word("stop"), {"error": "no"}, DONE], BOTH, "a", ProviderError),
        ([word("stop", text="a"), {"error": "no"}], BOTH, "a", ProviderError),
    ],
)
def test_not_complete(outcome, frames, terminal, text, kind):
    for has_terminal in terminal:
        got = outcome(*frames, terminal=has_terminal)
        assert type(got.error) is kind
        assert got.text == text
        assert not any(last for last, _ in got.snapshots)


def test_text_after_a_word_is_shown_at_once(outcome):
    got = outcome(word("stop", text="Hel"), word("stop", text="lo"), DONE)
    assert got.snapshots == [(False, "Hel"), (False, "Hello"), (True, "Hello")]


def test_an_error_keeps_the_word_and_the_counts_before_it(outcome):
    got = outcome(text("a"), word("length", usage=[3, 2]), {"error": "no"})
    assert got.raw_finish_reason == got.error.raw_finish_reason == "length"
    assert got.finish_reason is None
    assert got.error.usage.output_tokens == 2


def test_a_truncated_answer_names_the_word_that_came_early_and_the_field(outcome):
    got = outcome(word("stop", text="Hel"), text("lo"), DONE)
    assert "'stop'" in str(got.error)
    assert "end_marker" in str(got.error)


def test_an_unknown_word_is_logged_once_and_kept(outcome, caplog):
    with caplog.at_level(logging.WARNING, "modelstream"):
        got = outcome(text("a"), word("tomorrow"), DONE)
    assert (got.finish_reason, got.raw_finish_reason) == ("stop", "tomorrow")
    assert [record.getMessage() for record in caplog.records].count(
        "the provider ended an answer with the unknown finish reason 'tomorrow'"
    ) == 1


@pytest.mark.parametrize(
    ("marker", "frames", "is_complete"),
    [
        ("usage", [text("a"), USAGE, DONE], True),
        ("usage", [text("a"), {**text("b"), **USAGE}, DONE], False),
        ("usage", [{**text("a"), **USAGE}, USAGE, DONE], False),
        ("usage", [text("a"), USAGE, text("b"), DONE], False),
        ("usage", [USAGE, DONE], False),
        ("usage", [text("a"), USAGE], False),
        ("usage", [text("a"), USAGE, LOST], False),
        ("done", [text("a"), DONE], True),
        ("done", [word("stop", text="a"), text("b"), DONE], True),
        ("done", [text("a")], False),
        ("done", [text("a"), LOST], False),
        ("eof", [text("a")], True),
        ("eof", [text("a"), DONE], True),
        ("eof", [text("a"), LOST], False),
        ("eof", [text("a"), {"error": "no"}], False),
    ],
)
def test_end_markers(outcome, marker, frames, is_complete):
    got = outcome(*frames, marker=marker)
    assert (got.error is None) is is_complete
    if is_complete:
        assert got.finish_reason == "stop"


@pytest.mark.parametrize(
    ("body", "is_complete"),
    [
        (word("stop", text="a"), True),
        ({**text("a"), **USAGE}, True),
        (text("a"), False),
    ],
)
def test_whole_documents(reading, in_memory, pieces, body, is_complete):
    answer = pieces([msgspec.json.encode(body)], headers={"content-type": "application/json"})
    got = reading(in_memory(answer, Frames), stream=False)
    assert (got.error is None) is is_complete
    assert got.text == "a"


class Silent:
    """Sends its pieces and then nothing, until it is aborted."""

    status = 200
    headers = {"content-type": "text/event-stream"}  # noqa: RUF012

    def __init__(self, body):
        self.body = body
        self.aborted = threading.Event()

    def __iter__(self):
        yield from self.body
        self.aborted.wait(20)

    def abort(self):
        self.aborted.set()

    close = abort


@pytest.fixture
def silent(in_memory, monkeypatch):
    """The response of a server that sends these frames and then nothing more, and what reads it."""
    monkeypatch.setattr("modelstream.call.timeouts.FINISH_GRACE", 0.2)

    def silent(*frames, frames_class=Frames, **limits):
        wrapper = in_memory(Silent(sent(*frames)), frames_class)
        wrapper.config = msgspec.structs.replace(wrapper.config, **limits)
        return wrapper("hi", stream=True)

    return silent


@pytest.mark.parametrize(
    ("frames", "frames_class", "took"),
    [
        ([text("a"), word("stop")], Frames, 0.2),
        ([text("a"), word("stop")], FramesWithoutTerminal, 0.2),
        ([word("stop", text="a")], FramesWithoutTerminal, 0.2),
        ([word("stop", text="a")], Frames, 0.9),
    ],
)
def test_a_strong_word_is_the_end_after_a_silence(silent, frames, frames_class, took):
    response = silent(*frames, frames_class=frames_class, idle_timeout=0.9)
    began = time.monotonic()
    assert list(response.stream)[-1] == (True, "a")
    assert took <= time.monotonic() - began < took + 5
    assert response.finish_reason == "stop"


def test_counts_after_the_word_prolong_the_silence(silent):
    response = silent(text("a"), word("stop"), USAGE)
    assert list(response.stream)[-1] == (True, "a")
    assert response.usage.output_tokens == 2


def test_a_weak_word_is_no_end_in_silence(silent):
    response = silent(word("stop", text="Hel"), word("stop", text="lo"), idle_timeout=0.4)
    with pytest.raises(StreamTimeoutError) as raised:
        list(response.stream)
    assert raised.value.clock == "idle"
    assert response.partial_text == "Hello"


@pytest.mark.parametrize("is_complete", BOTH)
def test_a_call_that_is_closed_or_over_time_after_its_word_is_complete(silent, is_complete):
    frames = [text("a"), word("stop", text="b")] if is_complete else [text("a"), text("b")]
    for total_timeout, kind in ((None, StreamCancelledError), (0.5, StreamTimeoutError)):
        response = silent(*frames, idle_timeout=None, total_timeout=total_timeout)
        reader = response.stream
        assert [next(reader), next(reader)] == [(False, "a"), (False, "ab")]
        if total_timeout is None:
            response.close()
        if is_complete:
            assert list(reader) == [(True, "ab")]
        else:
            with pytest.raises(kind):
                list(reader)
        assert response.finish_reason == ("stop" if is_complete else None)


def test_a_word_of_an_attempt_that_failed_does_not_count_for_the_next(in_memory, pieces):
    attempts = iter([[*sent(word("stop")), LOST], sent(text("a"))])

    class Twice(in_memory):
        def open(self, request):
            return pieces(next(attempts))

    wrapper = Twice(None, Frames)
    wrapper.config = msgspec.structs.replace(wrapper.config, max_retries=1)
    response = wrapper("hi", stream=True)
    with pytest.raises(TruncatedStreamError):
        list(response.stream)


def test_a_finish_in_the_midst_of_one_list_is_held_as_well(reading, in_memory, pieces):
    class Early(FramesWithoutTerminal):
        def read(self, frame, deltas):
            deltas += [msgspec.json.decode(frame)["text"], Finish("stop", "stop"), UsageDelta(1, 1)]

    got = reading(in_memory(pieces(sent(text("a"), text("b"))), Early))
    assert got.snapshots == [(False, "a"), (False, "ab"), (True, "ab")]


def test_the_framer_is_not_used_after_the_end(reading, in_memory, pieces):
    class Counting(SseFramer):
        def finish(self):
            raise AssertionError("read after the terminal frame")

    wrapper = in_memory(pieces(sent(text("a"), word("stop"), DONE)), Frames)
    type(wrapper).framer = Counting
    try:
        assert reading(wrapper).error is None
    finally:
        type(wrapper).framer = SseFramer


@pytest.mark.parametrize(
    ("url", "marker", "expected"),
    [
        ("https://acme.snowflakecomputing.com/api/v2/cortex/v1", None, "usage"),
        ("https://acme.snowflakecomputing.com/api/v2/cortex/v1", "done", "done"),
        ("https://snowflakecomputing.com.example/v1", None, None),
        ("https://api.example/snowflakecomputing.com", None, None),
        ("https://api.example/v1", "eof", "eof"),
        ("", None, None),
        (None, "usage", "usage"),
    ],
)
def test_the_end_marker_of_a_server(url, marker, expected):
    assert end_marker_of(HttpConfig(model_type="x", end_marker=marker), url) == expected


def test_an_end_marker_that_is_unknown_is_refused():
    with pytest.raises(ConfigError, match="end_marker"):
        parse_config({"model_type": "x", "model_name": "m", "end_marker": "silence"}, HttpConfig)
