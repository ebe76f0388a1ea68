"""What the bridge makes of an engine that misbehaves, which the real one can't be made to do on demand."""

from __future__ import annotations

import asyncio

import pytest

from modelstream.errors import BadRequestError, ConfigError, ProviderError
from modelstream.request import Request
from modelstream_local.generation import Generation


def text(piece):
    return {"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]}


class Scripted:
    """An engine that plays chunks, and like the real one loses what its listener raises."""

    def __init__(self, *script):
        self.script = script
        self.played = 0

    def complete(self, body, on_chunk):
        for step in self.script:
            if isinstance(step, Exception):
                raise step
            self.played += 1
            try:
                if on_chunk(step):
                    return
            except Exception:  # noqa: BLE001
                return


def heard_and_raised(engine, *, asynchronous):
    generation = Generation(lambda: engine, {}, Request([]))
    parts = []

    async def listen():
        async for batch in generation.aread():
            parts.extend(batch or ())

    try:
        if asynchronous:
            asyncio.run(listen())
        else:
            for batch in generation.read():
                parts.extend(batch or ())
    except Exception as error:  # noqa: BLE001
        return parts, error
    return parts, None


both = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


@both
def test_text_before_an_error_chunk_is_handed_over_first(asynchronous):
    engine = Scripted(text("a"), text("b"), {"error": {"code": 500, "message": "broke"}}, text("never"))
    parts, error = heard_and_raised(engine, asynchronous=asynchronous)
    assert parts == ["a", "b"]
    assert isinstance(error, ProviderError)
    assert engine.played == 3


@both
def test_what_the_listener_raises_is_not_lost(asynchronous):
    engine = Scripted(text("a"), {"choices": [{"index": 0}]}, text("never"))
    parts, error = heard_and_raised(engine, asynchronous=asynchronous)
    assert parts == ["a"]
    assert isinstance(error, KeyError)
    assert engine.played == 2


@both
def test_engine_that_raises_in_the_middle(asynchronous):
    parts, error = heard_and_raised(Scripted(text("a"), RuntimeError("boom")), asynchronous=asynchronous)
    assert parts == ["a"]
    assert isinstance(error, ProviderError)
    assert "boom" in str(error)
    assert isinstance(error.__cause__, RuntimeError)


@both
def test_engine_that_raises_at_once_refused_the_request(asynchronous):
    parts, error = heard_and_raised(Scripted(ValueError("'messages' is odd")), asynchronous=asynchronous)
    assert parts == []
    assert isinstance(error, BadRequestError)


@both
def test_engine_that_cannot_be_loaded(asynchronous, monkeypatch):
    def refuse(body, on_chunk):
        raise ConfigError("model_path: no")

    engine = Scripted()
    monkeypatch.setattr(engine, "complete", refuse)
    parts, error = heard_and_raised(engine, asynchronous=asynchronous)
    assert parts == []
    assert isinstance(error, ConfigError)


@both
def test_engine_that_just_ends_sends_no_finish(asynchronous):
    assert heard_and_raised(Scripted(text("a")), asynchronous=asynchronous) == (["a"], None)
