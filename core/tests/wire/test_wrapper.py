"""From an HTTP answer to deltas, sync and async: the base class of the HTTP providers' wrappers."""

from __future__ import annotations

import gc
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelstream.errors import (
    AuthenticationError,
    ConnectionLostError,
    MalformedDataError,
    RateLimitError,
    TruncatedStreamError,
)


def event(text=None, finish=None):
    choice = {"index": 0, "delta": {} if text is None else {"content": text}, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def test_frames_of_one_read_are_yielded_together(reading, in_memory, pieces):
    answer = pieces([event("a") + event("b"), event("c"), event(None, "stop")])
    got = reading(in_memory(answer))
    assert got.snapshots == [(False, "a"), (False, "ab"), (False, "abc"), (True, "abc")]


@pytest.mark.parametrize("body", [[DONE], [DONE, ConnectionError("a connection that was read from again")]])
def test_bytes_after_the_last_frame_are_drained(reading, in_memory, pieces, body):
    answer = pieces([event("a", "stop"), *body])
    assert reading(in_memory(answer)).error is None
    assert answer.ended == ["drained", "closed"]


def test_a_body_that_ends_is_closed(reading, in_memory, pieces):
    answer = pieces([event("a", "stop")])
    assert reading(in_memory(answer)).error is None
    assert answer.ended[-1] == "closed"


def test_a_failure_closes_the_answer_and_drains_nothing(reading, in_memory, pieces):
    answer = pieces([event("a"), b"data: garbage\n\n", event("b", "stop")])
    got = reading(in_memory(answer))
    assert isinstance(got.error, MalformedDataError)
    assert (got.text, got.snapshots) == ("a", [(False, "a")])
    assert "drained" not in answer.ended
    assert answer.ended[-1] == "closed"


def test_a_connection_that_breaks_after_text(reading, in_memory, pieces):
    got = reading(in_memory(pieces([event("a"), ConnectionResetError("reset")])))
    assert isinstance(got.error, ConnectionLostError)
    assert got.error.partial_text == "a"


def test_a_connection_that_breaks_after_the_finish_changes_nothing(reading, in_memory, pieces):
    got = reading(in_memory(pieces([event("a", "stop"), ConnectionResetError("reset")])))
    assert (got.error, got.snapshots) == (None, [(False, "a"), (True, "a")])


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("status", "kind"), [(401, AuthenticationError), (429, RateLimitError)])
def test_another_status_is_an_error(*, reading, in_memory, pieces, status, kind, stream):
    body = [b'{"error":{"message":', b'"no","code":"nope"}}']
    got = reading(in_memory(pieces(body, status, {"Retry-After": "7"})), stream=stream)
    assert type(got.error) is kind
    assert (got.error.status, got.error.code, str(got.error)) == (
        status,
        "nope",
        f"in_memory: HTTP {status}: no",
    )
    assert got.error.retry_after == (7.0 if status == 429 else None)


@pytest.mark.parametrize("stream", [True, False])
def test_a_web_page_is_not_an_answer(reading, in_memory, pieces, stream):
    page = pieces([b"<html>", b"Welcome"], 200, {"content-type": "text/html; charset=utf-8"})
    got = reading(in_memory(page), stream=stream)
    assert isinstance(got.error, MalformedDataError)
    assert "'<html>Welcome'" in str(got.error)
    assert "base_url" in str(got.error)


@pytest.mark.parametrize("body", [[], [b""], [b"\n\n"], [b": ping\n\n"]])
def test_an_empty_body_is_not_an_answer(reading, in_memory, pieces, body):
    assert isinstance(reading(in_memory(pieces(body))).error, TruncatedStreamError)


def test_raw_chunks_are_kept_on_request(reading, in_memory, pieces):
    sent = [event("a"), event("b", "stop").rstrip()]
    got = reading(in_memory(pieces([*sent])), raw=True)
    assert got.raw == [one.strip().removeprefix(b"data: ") for one in sent]
    assert reading(in_memory(pieces(sent))).raw is None


def test_raw_body_is_kept_on_request(reading, in_memory, pieces):
    body = json.dumps({"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]}).encode()
    assert reading(in_memory(pieces([body[:9], body[9:]])), stream=False, raw=True).raw == [body]


def test_a_dropped_response_closes_its_answer(in_memory, pieces):
    answer = pieces([event("a"), event("b"), event("c", "stop")])
    response = in_memory(answer)("hi", stream=True)
    assert next(response.stream) == (False, "a")
    del response
    gc.collect()
    assert answer.ended == ["aborted", "closed"]


texts = st.lists(st.text(min_size=1), max_size=6)
sizes = st.lists(st.integers(1, 40), min_size=1, max_size=6)


@given(texts=texts, sizes=sizes, ascii_only=st.booleans(), crlf=st.booleans())
def test_every_cut_gives_the_same_deltas(*, texts, sizes, ascii_only, crlf, in_memory, pieces, reading):
    frames = [{"choices": [{"delta": {"content": text}}]} for text in texts]
    frames.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    stream = b"".join(
        b"data: " + json.dumps(one, ensure_ascii=ascii_only).encode() + b"\n\n" for one in frames
    )
    stream += DONE
    if crlf:
        stream = stream.replace(b"\n", b"\r\n")
    cuts, at = [], 0
    while at < len(stream):
        size = sizes[len(cuts) % len(sizes)]
        cuts.append(stream[at : at + size])
        at += size
    got = reading(in_memory(pieces(cuts)))
    assert [snapshot.delta for snapshot in got.snapshots] == [*texts, ""]
    assert (got.text, got.error) == ("".join(texts), None)


@given(texts=texts, data=st.data())
def test_cut_at_any_byte_is_an_error_with_the_exact_text(texts, data, in_memory, pieces, reading):
    events = [b"data: " + json.dumps({"choices": [{"delta": {"content": text}}]}).encode() for text in texts]
    stream = b"\n\n".join([*events, event(None, "stop").strip()])
    at = data.draw(st.integers(0, len(stream) - 1))
    got = reading(in_memory(pieces([stream[:at]])))
    # An event whose JSON is whole counts, whether or not its blank line arrived.
    whole, end = [], 0
    for one, text in zip(events, texts, strict=True):
        end += len(one)
        if at >= end:
            whole.append(text)
        end += 2
    assert isinstance(got.error, TruncatedStreamError)
    assert got.error.partial_text == got.text == "".join(whole)
    assert not any(snapshot.last for snapshot in got.snapshots)
