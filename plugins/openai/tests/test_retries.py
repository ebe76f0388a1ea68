"""What is tried again, what is not, and calls that a server refuses because of their options."""

from __future__ import annotations

import gzip
import time
import zlib

import pydantic
import pytest

from modelstream.errors import (
    BadRequestError,
    ConfigError,
    ConnectionLostError,
    RateLimitError,
    TruncatedStreamError,
)
from modelstream.testing.server import Answer, End


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr("modelstream.call.retries.FIRST_PAUSE", 0.0)


@pytest.fixture
def eager(server, model_of):
    """A model with one retry."""
    return model_of(server.url, max_retries=1)


@pytest.fixture
def roles(wire):
    role = wire.event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})
    return {
        "no frame": [],
        "the role": [role],
        "the role and [DONE]": [role, wire.done],
        "counts": [wire.usage],
        "counts and [DONE]": [role, wire.usage, wire.done],
        "a page": [b"upstream connect error\n"],
    }


@pytest.mark.parametrize(
    "case", ["no frame", "the role", "the role and [DONE]", "counts", "counts and [DONE]", "a page"]
)
def test_an_empty_answer_is_tried_again(eager, server, wire, read, roles, case):
    server.play(Answer(roles[case]), wire.hello)
    assert read(eager).text == "Hello"
    assert len(server.requests) == 2


def test_an_empty_answer_is_truncated_in_the_end(model, server, read, roles):
    server.play(Answer(roles["the role"]))
    assert type(read(model).error) is TruncatedStreamError


def test_an_empty_account_is_not_tried_again(eager, server, wire, read):
    body = {"error": {"message": "pay first", "type": "exceeded_current_quota_error"}}
    server.play(Answer.of_json(body, 429), wire.hello)
    error = read(eager).error
    assert type(error) is RateLimitError
    assert not error.retryable
    assert len(server.requests) == 1


def test_retry_after_in_milliseconds(eager, server, wire, read):
    server.play(Answer.of_json({"error": {"message": "wait"}}, 429, {"Retry-After-Ms": "300"}), wire.hello)
    assert read(eager).text == "Hello"
    server.play(Answer.of_json({"error": {"message": "wait"}}, 429, {"Retry-After-Ms": "900000"}))
    began = time.monotonic()
    assert read(eager).error.retry_after == 900.0  # longer than the timeout of the call
    assert time.monotonic() - began < 5.0


@pytest.mark.parametrize("pieces", [0, 1], ids=["no frame", "the role"])
def test_a_connection_that_is_lost_before_the_first_delta(model, server, read, roles, pieces):
    server.play(Answer(roles["the role"][:pieces], end=End.RESET))
    error = read(model).error
    assert type(error) is ConnectionLostError
    assert "could not be reached" not in str(error)


@pytest.mark.parametrize("status", [400, 403, 404, 415, 422, 429])
def test_stream_options_that_a_server_refuses(model, server, wire, read, status):
    body = {"error": {"message": "stream_options is not supported"}}
    server.play(Answer.of_json(body, status), wire.hello)
    assert read(model).text == "Hello"
    first, second = (request.json for request in server.requests)
    assert "stream_options" in first
    assert "stream_options" not in second


def test_no_stream_options(model, server, read):
    assert read(model, stream_options=None).text == "Hello"
    assert "stream_options" not in server.requests[0].json


class Answered(pydantic.BaseModel):
    colour: str


def test_a_pydantic_class_as_response_format(model, server, read):
    assert read(model, response_format=Answered).text == "Hello"
    sent = server.requests[0].json["response_format"]
    assert sent["type"] == "json_schema"
    assert sent["json_schema"]["name"] == "Answered"
    assert sent["json_schema"]["schema"]["required"] == ["colour"]


def test_another_class_as_response_format(model, read):
    error = read(model, response_format=dict).error
    assert type(error) is BadRequestError
    assert "response_format is the class dict" in str(error)
    assert "json_schema" in str(error)


@pytest.mark.parametrize("name", ["azure_endpoint", "azure_deployment", "api_version"])
def test_arguments_of_azures_client(server, model_of, name):
    with pytest.raises(ConfigError, match=name) as caught:
        model_of(server.url, client_args={name: "x"})
    assert "default_query" in str(caught.value)


def deflated(data):
    compress = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compress.compress(data) + compress.flush()


ENCODINGS = {
    "none": ("none", lambda frames: frames),
    "identity": ("identity", lambda frames: frames),
    "gzip": ("gzip", lambda frames: [gzip.compress(b"".join(frames))]),
    "members": ("gzip", lambda frames: [gzip.compress(frame) for frame in frames]),
    "members at once": ("gzip", lambda frames: [b"".join(map(gzip.compress, frames))]),
    "padded members": ("x-gzip", lambda frames: [gzip.compress(frame) + b"\0\0" for frame in frames]),
    "bytes": ("gzip", lambda frames: [bytes([one]) for one in gzip.compress(b"".join(frames))]),
    "zlib": ("deflate", lambda frames: [zlib.compress(b"".join(frames))]),
    "bare deflate": ("deflate", lambda frames: [deflated(b"".join(frames))]),
    "twice": ("gzip, gzip", lambda frames: [gzip.compress(gzip.compress(b"".join(frames)))]),
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_content_encodings(model, server, wire, read, name):
    encoding, encode = ENCODINGS[name]
    server.play(Answer(encode(list(wire.hello.body)), headers={"Content-Encoding": encoding}))
    assert read(model).text == "Hello"
    whole = b'{"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}'
    server.play(Answer(encode([whole[:30], whole[30:]]), headers={"Content-Encoding": encoding}))
    assert read(model, stream=False).text == "Hello"
