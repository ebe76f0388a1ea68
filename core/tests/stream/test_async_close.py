"""A wrapper may need turns of the event loop to close its connection, as HTTP libraries do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from reading import run

from modelstream import ConnectionLostError, ModelWrapper
from modelstream.call import task

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

    from modelstream import Request


class Connection:
    """An endless stream of words, or one that fails at once; closing it takes three turns."""

    def __init__(self, *, fails: bool) -> None:
        self.fails = fails
        self.is_closing = asyncio.Event()
        self.is_closed = False

    def __aiter__(self) -> Connection:
        return self

    async def __anext__(self) -> str:
        if self.fails:
            raise ConnectionLostError("reset", retryable=True)
        return "word "

    async def aclose(self) -> None:
        self.is_closing.set()
        for _ in range(3):
            await asyncio.sleep(0)
        self.is_closed = True


class Connected(ModelWrapper):
    """Hands its connection to the core."""

    model_type = "connected"

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self.connection = connection

    def adeltas(self, request: Request) -> AsyncIterator[Any]:
        return self.connection


def test_a_close_between_two_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task, "LONGEST_TURN", -1.0)

    async def main() -> None:
        connection = Connection(fails=False)
        response = await Connected(connection).acall("hi", stream=True)
        assert await anext(response.stream) == (False, "word ")
        await response.aclose()
        assert connection.is_closed

    run(main())


def test_a_close_before_the_next_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelstream.call.retries.FIRST_PAUSE", 60.0)

    async def main() -> None:
        connection = Connection(fails=True)
        call = asyncio.create_task(Connected(connection).acall("hi", stream=True))
        await connection.is_closing.wait()
        call.cancel()
        pumping = next(one for one in asyncio.all_tasks() if one.get_name() == "modelstream-call")
        await asyncio.wait_for(pumping, 5)  # does not wait for the pause before the next attempt
        assert connection.is_closed

    run(main())
