"""The model as users load it: by its model_type, through the core."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise

import pytest

import modelstream
from modelstream.errors import BadRequestError, ConfigError, StreamCancelledError
from modelstream_local import weights


@pytest.fixture
def model(model_file, monkeypatch):
    monkeypatch.delenv(weights.MODEL_VARIABLE, raising=False)
    return modelstream.load_model({"model_type": "local_chat", "temperature": 0.0, "max_tokens": 12})


def test_stream_of_snapshots(model):
    response = model("Say hello.", stream=True)
    snapshots = [tuple(snapshot) for snapshot in response.stream]
    texts = [text for _, text in snapshots]
    assert [last for last, _ in snapshots] == [False] * (len(snapshots) - 1) + [True]
    assert all(later.startswith(text) for text, later in pairwise(texts))
    assert len(snapshots) > 3
    assert response.text == texts[-1]
    assert response.finish_reason in ("stop", "length")
    assert response.usage.output_tokens <= 12


def test_without_streaming(model):
    response = model("Say hello.")
    assert response.stream is None
    assert response.text == model("Say hello.", stream=True).text


def test_async(model):
    async def call():
        response = await model.acall("Say hello.", stream=True)
        return [snapshot async for snapshot in response.stream][-1]

    assert tuple(asyncio.run(call())) == (True, model("Say hello.").text)


def test_generate_args_and_arguments_of_the_call(model_file):
    model = modelstream.load_model({"model_type": "local_chat", "generate_args": {"max_tokens": 2}})
    assert model("Tell me a story.").usage.output_tokens == 2
    assert model("Tell me a story.", max_tokens=3).usage.output_tokens == 3


def test_the_call_raises_an_error_of_the_engine(model):
    with pytest.raises(BadRequestError, match=r"local_chat: .*temperature"):
        model("Hi", stream=True, temperature="hot")


@pytest.mark.parametrize(
    ("field", "value"),
    [("threads", 0), ("context_length", "long"), ("temperature", -1), ("max_tokens", 0), ("modelpath", "x")],
)
def test_the_error_of_an_invalid_config_names_the_field(field, value):
    with pytest.raises(ConfigError, match=field):
        modelstream.load_model({"model_type": "local_chat", field: value})


def test_close_keeps_the_partial_text(model):
    response = model("Tell me a story.", stream=True, max_tokens=1500, ignore_eos=True)
    stream = response.stream
    first = next(stream).text
    began = time.monotonic()
    response.close()
    assert time.monotonic() - began < 5
    assert response.partial_text.startswith(first)
    with pytest.raises(StreamCancelledError):
        list(response.stream)


def test_the_call_raises_an_error_if_weights_cannot_be_fetched(cache, index, monkeypatch):
    monkeypatch.delenv(weights.MODEL_VARIABLE, raising=False)
    model = modelstream.load_model({"model_type": "local_chat"})
    with pytest.raises(ConfigError, match="could not be fetched"):
        model("Hi", stream=True)
    with pytest.raises(ConfigError, match="could not be fetched"):
        asyncio.run(model.acall("Hi"))
    assert not list(cache.glob("*.gguf"))


def test_first_delta_timeout(model_file):
    model = modelstream.load_model(
        {"model_type": "local_chat", "first_delta_timeout": 0.5, "context_length": 8000}
    )
    with pytest.raises(modelstream.StreamTimeoutError, match="first_delta_timeout"):
        list(model("The quick brown fox. " * 1400, stream=True).stream)
