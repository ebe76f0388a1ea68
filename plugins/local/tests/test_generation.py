"""Generation with an engine that misbehaves in ways in which the real one can't be made to."""

from __future__ import annotations

import asyncio

import pytest

from modelstream.errors import BadRequestError, ConfigError, ProviderError
from modelstream.request import Request
from modelstream_local.generation import Generation


def text(piece):
    return {"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]}


class Scripted:
    """An engine that sends scripted chunks and, like the real one, swallows exceptions of the callback."""

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


def read_all(engine, *, asynchronous):
    """What the engine sent, and the exception at the end, if any."""
    generation = Generation(lambda: engine, {}, Request([]))
    parts = []

    async def aread_all():
        async for batch in generation.aread():
            parts.extend(batch or ())

    try:
        if asynchronous:
            asyncio.run(aread_all())
        else:
            for batch in generation.read():
                parts.extend(batch or ())
    except Exception as error:  # noqa: BLE001
        return parts, error
    return parts, None


sync_and_async = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


@sync_and_async
def test_text_before_an_error_chunk_is_delivered_first(asynchronous):
    engine = Scripted(text("a"), text("b"), {"error": {"code": 500, "message": "broke"}}, text("never"))
    parts, error = read_all(engine, asynchronous=asynchronous)
    assert parts == ["a", "b"]
    assert isinstance(error, ProviderError)
    assert engine.played == 3


@sync_and_async
def test_an_exception_in_the_callback_is_raised(asynchronous):
    engine = Scripted(text("a"), {"choices": [{"index": 0}]}, text("never"))
    parts, error = read_all(engine, asynchronous=asynchronous)
    assert parts == ["a"]
    assert isinstance(error, KeyError)
    assert engine.played == 2


@sync_and_async
def test_engine_that_raises_in_the_middle(asynchronous):
    parts, error = read_all(Scripted(text("a"), RuntimeError("boom")), asynchronous=asynchronous)
    assert parts == ["a"]
    assert isinstance(error, ProviderError)
    assert "boom" in str(error)
    assert isinstance(error.__cause__, RuntimeError)


@sync_and_async
def test_an_engine_that_raises_at_once_has_rejected_the_request(asynchronous):
    parts, error = read_all(Scripted(ValueError("'messages' is odd")), asynchronous=asynchronous)
    assert parts == []
    assert isinstance(error, BadRequestError)


@sync_and_async
def test_engine_that_cannot_be_loaded(asynchronous, monkeypatch):
    def fail(body, on_chunk):
        raise ConfigError("model_path: no")

    engine = Scripted()
    monkeypatch.setattr(engine, "complete", fail)
    parts, error = read_all(engine, asynchronous=asynchronous)
    assert parts == []
    assert isinstance(error, ConfigError)


@sync_and_async
def test_an_engine_that_ends_silently_sends_no_finish(asynchronous):
    assert read_all(Scripted(text("a")), asynchronous=asynchronous) == (["a"], None)
