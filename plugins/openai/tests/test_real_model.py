"""A real language model on a local OpenAI-compatible server, that of llama.cpp."""

from __future__ import annotations

import asyncio
import os
from itertools import pairwise

import pytest

from modelstream.errors import AuthenticationError, BadRequestError, ConfigError, StreamCancelledError
from modelstream_openai import OpenAIChat

local_server = pytest.importorskip(
    "modelstream_local.server", reason="modelstream-local is not installed: no real server to talk to"
)
REQUIRE = "MODELSTREAM_REQUIRE_LOCAL"
QUESTION = [{"role": "user", "content": "What is the capital of France? Answer in one sentence."}]
GREEDY = {"temperature": 0.0, "max_tokens": 24}


@pytest.fixture(scope="module")
def address():
    try:
        local_server.weights.ensure()
    except ConfigError as error:
        if "could not be reached" not in str(error) or os.environ.get(REQUIRE):
            raise
        pytest.skip(f"no model to test with, and {REQUIRE} is not set: {error}")
    with local_server.serve(context_length=1024) as address:
        yield address


@pytest.fixture
def model(address):
    # With retries, because this server sometimes closes a connection that is kept for reuse.
    return OpenAIChat(model_name="any", generate_args=GREEDY, **address._asdict())


def test_an_answer_streams_token_by_token(model):
    response = model(QUESTION, stream=True)
    snapshots = list(response.stream)
    assert len(snapshots) > 5
    assert "Paris" in response.text
    assert [last for last, _ in snapshots] == [False] * (len(snapshots) - 1) + [True]
    texts = [text for _, text in snapshots]
    assert all(longer.startswith(text) for text, longer in pairwise(texts))
    assert response.finish_reason in {"stop", "length"}
    assert response.usage.input_tokens > 5
    assert response.usage.output_tokens >= len(snapshots) - 2


def test_sync_and_async_streamed_and_whole_answers_are_equal(model):
    async def streamed():
        return await (await model.acall(QUESTION, stream=True)).get_text()

    async def whole():
        return (await model.acall(QUESTION, stream=False)).text

    texts = {model(QUESTION, stream=True).text, model(QUESTION, stream=False).text}
    assert texts == {asyncio.run(streamed())} == {asyncio.run(whole())}
    assert len(texts) == 1


def test_the_token_limit_sets_the_finish_reason(model):
    response = model(QUESTION, stream=True, max_tokens=3)
    assert list(response.stream)[-1].last
    assert (response.finish_reason, response.usage.output_tokens) == ("length", 3)


def test_close_ends_the_answer_and_the_server_accepts_another_call(model):
    response = model(QUESTION, stream=True, max_tokens=900, ignore_eos=True)
    next(response.stream)
    response.close()
    assert isinstance(response.error, StreamCancelledError)
    assert "Paris" in model(QUESTION, stream=True).text


def test_a_wrong_key(address):
    with pytest.raises(AuthenticationError, match="openai_chat: HTTP 401"):
        OpenAIChat(model_name="any", base_url=address.base_url, api_key="guessed")("hi", stream=True)


def test_messages_longer_than_the_context(model):
    with pytest.raises(BadRequestError, match="context"):
        model("word " * 3000, stream=True)
