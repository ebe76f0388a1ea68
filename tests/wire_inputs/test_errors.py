"""What servers send in place of an answer reaches the caller as a typed error with the provider's words."""

from __future__ import annotations

import asyncio
import json

import pytest
from errors import CUT, DONE, HEL, IN_MID_STREAM, NO_ERRORS, STOP

from modelstream.errors import StreamError, TruncatedStreamError
from modelstream.testing.server import Answer, LoopbackServer
from modelstream_openai import OpenAIChat


def encoded(*frames):
    return [one if isinstance(one, bytes) else b"data: %b\n\n" % json.dumps(one).encode() for one in frames]


@pytest.fixture(params=["sdk", "native"])
def model(request, server):
    return OpenAIChat(
        model_name="m", base_url=f"{server.url}/v1", transport=request.param, max_retries=0, api_key="k"
    )


@pytest.fixture(scope="module")
def server():
    with LoopbackServer() as server:
        yield server


def _sync(model):
    return model("hi", stream=True).text


def _async(model):
    async def call():
        return await (await model.acall("hi", stream=True)).get_text()

    return asyncio.run(call())


@pytest.fixture(params=[_sync, _async], ids=["sync", "async"])
def text_of(request):
    return request.param


@pytest.mark.parametrize("case", IN_MID_STREAM, ids=lambda one: one.name)
def test_an_error_in_mid_stream(model, server, text_of, case):
    server.play(Answer(encoded(*case.sends)))
    with pytest.raises(StreamError) as caught:
        text_of(model)
    error = caught.value
    assert type(error) is case.kind
    assert case.words in str(error)
    assert (error.status, error.retryable, error.partial_text) == (case.status, case.retryable, case.text)
    assert error.raw_finish_reason == case.raw_finish_reason


@pytest.mark.parametrize("end", CUT, ids=repr)
def test_half_a_frame_is_not_quoted(model, server, text_of, end):
    server.play(Answer([*encoded(HEL), end]))
    with pytest.raises(TruncatedStreamError, match="end_marker"):
        text_of(model)


@pytest.mark.parametrize("frame", NO_ERRORS, ids=json.dumps)
def test_a_frame_that_is_no_error(model, server, text_of, frame):
    server.play(Answer(encoded(frame, HEL, frame, STOP, DONE)))
    assert text_of(model) == "Hel"
