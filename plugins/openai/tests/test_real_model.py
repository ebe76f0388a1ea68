"""A real language model behind a real OpenAI-compatible server, llama.cpp's, on this machine."""

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
def real(address):
    # With the default of retries: this server now and then hangs up on a connection that is kept for reuse.
    return OpenAIChat(model_name="any", generate_args=GREEDY, **address._asdict())


def test_it_answers_token_by_token(real):
    response = real(QUESTION, stream=True)
    snapshots = list(response.stream)
    assert len(snapshots) > 5
    assert "Paris" in response.text
    assert [last for last, _ in snapshots] == [False] * (len(snapshots) - 1) + [True]
    texts = [text for _, text in snapshots]
    assert all(longer.startswith(text) for text, longer in pairwise(texts))
    assert response.finish_reason in {"stop", "length"}
    assert response.usage.input_tokens > 5
    assert response.usage.output_tokens >= len(snapshots) - 2


def test_all_ways_of_asking_give_the_same_answer(real):
    async def streamed():
        return await (await real.acall(QUESTION, stream=True)).get_text()

    async def whole():
        return (await real.acall(QUESTION, stream=False)).text

    texts = {real(QUESTION, stream=True).text, real(QUESTION, stream=False).text}
    assert texts == {asyncio.run(streamed())} == {asyncio.run(whole())}
    assert len(texts) == 1


def test_length_is_told(real):
    response = real(QUESTION, stream=True, max_tokens=3)
    assert list(response.stream)[-1].last
    assert (response.finish_reason, response.usage.output_tokens) == ("length", 3)


def test_a_closed_answer_ends_and_the_server_goes_on(real):
    response = real(QUESTION, stream=True, max_tokens=900, ignore_eos=True)
    next(response.stream)
    response.close()
    assert isinstance(response.error, StreamCancelledError)
    assert "Paris" in real(QUESTION, stream=True).text


def test_a_wrong_key(address):
    with pytest.raises(AuthenticationError, match="openai_chat: HTTP 401"):
        OpenAIChat(model_name="any", base_url=address.base_url, api_key="guessed")("hi", stream=True)


def test_more_than_the_context_holds(real):
    with pytest.raises(BadRequestError, match="context"):
        real("word " * 3000, stream=True)
