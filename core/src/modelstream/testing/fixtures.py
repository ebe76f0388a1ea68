"""Pytest fixtures for tests of model wrappers: a real server on this machine, and sync and async calls.

In the `conftest.py` at the top of your tests:

    pytest_plugins = ["modelstream.testing.fixtures"]

    @pytest.fixture
    def answer():
        return Answer([sse_event({"text": "Hello"}), sse_event("[DONE]")])

In a `conftest.py` below that, where pytest does not allow `pytest_plugins`, import the fixtures that you use:

    from modelstream.testing.fixtures import read, refused, server

This test

    def test_text(server, read):
        model = MyChat(model_name="m", base_url=server.url)
        assert read(model).snapshots == [(False, "Hello"), (True, "Hello")]

runs twice, for callers in ordinary code and in coroutines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from modelstream.testing.calls import Reader
from modelstream.testing.server import Answer, LoopbackServer

if TYPE_CHECKING:
    from modelstream.errors import StreamError

__all__ = ["answer", "read", "refused", "server"]


@pytest.fixture
def answer() -> Answer | None:
    """What `server` sends until a test calls `play`. Override this fixture with your own answer."""
    return None


@pytest.fixture
def server(answer: Answer | None) -> Iterator[LoopbackServer]:
    """A new `LoopbackServer` for each test."""
    with LoopbackServer() as server:
        if answer is not None:
            server.play(answer)
        yield server


@pytest.fixture(params=["sync", "async"])
def read(request: pytest.FixtureRequest) -> Reader:
    """A `Reader`, which calls a model and reads the answer; the test runs once sync and once async."""
    return Reader(request.param)


@pytest.fixture
def refused(read: Reader) -> Callable[..., StreamError]:
    """`Reader.refused` of the fixture `read`: the error that a call itself raises."""

    def refused(model: Any, messages: Any = "hi", /, **arguments: Any) -> StreamError:
        return read.refused(model, messages, **arguments)

    return refused
