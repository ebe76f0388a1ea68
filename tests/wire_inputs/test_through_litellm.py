"""The inputs of `through_litellm`, sent by a real server and read by way of the real LiteLLM."""

from __future__ import annotations

import os
import warnings

import pytest
import through_litellm

from modelstream.errors import TruncatedStreamError
from modelstream.testing.fixtures import answer, read, server
from modelstream.testing.server import Answer

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
pytest.importorskip("litellm")

from modelstream_litellm import LiteLLMChat
from modelstream_litellm.sdk import litellm

__all__ = ["answer", "read", "server"]

# Imported here, outside of the tests' timeouts.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    litellm()

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(60)]

TYPES = {"ollama_chat": "application/x-ndjson", "bedrock": "application/vnd.amazon.eventstream"}
KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION_NAME": "us-east-1"}


def name_of(value):
    return f"{value.model}-{value.name}"


@pytest.fixture
def model_of(server, monkeypatch):
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)

    def model_of(name):
        path = "/v1" if name.partition("/")[0] in through_litellm.OPENAI else ""
        return LiteLLMChat(
            {"model_name": name, "base_url": server.url + path, "api_key": "k", "max_retries": 0}
        )

    return model_of


def check(got, expected):
    error = got.error
    if isinstance(expected.gets, str):
        assert error is None, error
        assert (got.finish_reason, got.raw_finish_reason) == (expected.gets, expected.raw)
        assert got.text == expected.text
        assert tuple((call.name, call.arguments) for call in got.tool_calls) == expected.calls
        counts = got.usage and (got.usage.input_tokens, got.usage.output_tokens)
        assert counts == expected.counts
    else:
        assert type(error) is expected.gets, error
        retryable = expected.retryable or expected.gets is TruncatedStreamError
        assert (error.status, error.retryable) == (expected.status, retryable), error
        assert error.partial_text == expected.text
        assert expected.words in str(error)


@pytest.mark.parametrize("sent", through_litellm.STREAMED, ids=name_of)
def test_streamed(server, read, model_of, sent):
    kind = TYPES.get(sent.model.partition("/")[0], "text/event-stream")
    server.play(Answer(list(sent.sends), headers={"Content-Type": kind}, end=sent.end))
    got = read(model_of(sent.model))
    check(got, sent)


@pytest.mark.parametrize("sent", through_litellm.WHOLE, ids=name_of)
def test_whole(server, read, model_of, sent):
    server.play(Answer(list(sent.sends), headers={"Content-Type": "application/json"}))
    got = read(model_of(sent.model), stream=False)
    check(got, sent)
