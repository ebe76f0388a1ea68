"""The attributes of errors, also after they are passed to another process."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading
import traceback
from typing import Any

import pytest
from reading import read
from scripted import LIMIT, AsyncScripted, SyncScripted

import modelstream
from modelstream import errors
from modelstream.deltas import Usage, UsageDelta
from modelstream.errors import ModelStreamError, RateLimitError, StreamError, StreamTimeoutError

KINDS = [
    one
    for one in vars(errors).values()
    if isinstance(one, type) and issubclass(one, ModelStreamError) and one is not ModelStreamError
]


def make(kind: type, message: str = "no") -> Any:
    return kind(message, clock="idle", seconds=1.5) if kind is StreamTimeoutError else kind(message)


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_can_be_pickled_and_copied(kind: type) -> None:
    error = make(kind)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is kind
        assert str(again) == str(error) == "no"
        assert again.args == error.args
        assert {**vars(again), "_call": None} == {**vars(error), "_call": None}


@pytest.mark.parametrize("wrapper", [SyncScripted, AsyncScripted])
def test_a_pickled_error_carries_the_text_so_far(wrapper: type) -> None:
    cause = RateLimitError("HTTP 429", status=429, code="busy", retry_after=3.0)
    response = wrapper(["a", UsageDelta(1, 2), cause])("hi")
    error = read(response.stream, [])
    again = pickle.loads(pickle.dumps(error))
    for one in (error, again):
        assert (one.partial_text, one.usage, one.first_delta_seen) == ("a", Usage(1, 2), True)
        assert (one.status, one.code, one.retry_after, one.retryable) == (429, "busy", 3.0, True)
        assert str(one) == "scripted: HTTP 429"


FAILS_AND_SENDS = """
import pickle, sys, modelstream

class Fails(modelstream.ModelWrapper):
    model_type = "fails"

    def deltas(self, request):
        yield "a"
        raise modelstream.StreamTimeoutError("late", clock="idle", seconds=2.0)

try:
    list(Fails(modelstream.ModelConfig(model_type="fails"))("hi", stream=True).stream)
except modelstream.StreamError as error:
    pickle.dump(error, sys.stdout.buffer)
"""


def test_an_error_comes_back_from_another_process() -> None:
    command = [sys.executable, "-c", FAILS_AND_SENDS]
    sent = subprocess.run(command, capture_output=True, check=True, timeout=LIMIT)
    error = pickle.loads(sent.stdout)
    assert type(error) is StreamTimeoutError
    assert (error.clock, error.seconds, error.partial_text) == ("idle", 2.0, "a")


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_public_and_has_a_docstring(kind: type) -> None:
    assert kind.__module__ == "modelstream"
    assert getattr(modelstream, kind.__name__) is kind
    assert kind.__doc__
    assert f"modelstream.{kind.__name__}: no" in "".join(traceback.format_exception(make(kind)))


def test_an_error_before_any_call_carries_nothing() -> None:
    error = StreamError("no")
    assert (error.partial_text, error.usage, error.first_delta_seen) == ("", None, False)
    assert (error.status, error.code, error.retry_after, error.model_type) == (None, None, None, None)


def test_retryable_may_be_overridden() -> None:
    assert RateLimitError("no").retryable
    assert not RateLimitError("no", retryable=False).retryable
    assert not StreamError("no").retryable
    assert StreamError("no", retryable=True).retryable


def test_one_error_is_raised_to_many_threads() -> None:
    response = SyncScripted(["a", ValueError("boom")])("hi")
    seen: list[Any] = []
    threads = [threading.Thread(target=lambda: seen.append(read(response.stream, []))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert [one is response.error for one in seen] == [True] * 8
