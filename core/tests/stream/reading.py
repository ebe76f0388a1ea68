"""The four combinations of wrapper and caller, and functions that read everything from an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from scripted import AsyncScripted, SyncScripted

from modelstream.errors import StreamError

T = TypeVar("T")

SYNC_CALLER = {"sync": SyncScripted, "async wrapper": AsyncScripted}
ASYNC_CALLER = {"async": AsyncScripted, "sync wrapper": SyncScripted}
ALL_FOUR = {
    "sync to sync": (SyncScripted, False),
    "async to sync": (AsyncScripted, False),
    "sync to async": (SyncScripted, True),
    "async to async": (AsyncScripted, True),
}


@dataclass
class Seen:
    """What readers got from one call. `error` is the same whether the call or a reader raised it."""

    snapshots: list[Any] = field(default_factory=list)
    deltas: list[Any] = field(default_factory=list)
    replay: list[Any] = field(default_factory=list)
    error: StreamError | None = None
    text: str | None = None
    response: Any = None

    @property
    def pairs(self) -> list[tuple[bool, str]]:
        return [tuple(snapshot) for snapshot in self.snapshots]

    @property
    def partial_text(self) -> str:
        return self.response.partial_text if self.response is not None else self.error.partial_text


def run(main: Coroutine[Any, Any, T], *, debug: bool = True) -> T:
    """`asyncio.run` in debug mode: it reports what it otherwise ignores."""
    return asyncio.run(main, debug=debug)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition that has no event."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.001)


def look(wrapper: Any, *, is_async: bool) -> Seen:
    """Call the wrapper and read everything."""
    return run(alook(wrapper), debug=False) if is_async else look_sync(wrapper)


def look_sync(wrapper: Any) -> Seen:
    seen = Seen()
    try:
        seen.response = response = wrapper("hi")
    except StreamError as error:
        seen.error = error
        return seen
    seen.error = read(response.stream, seen.snapshots)
    read(response.deltas, seen.deltas)
    read(response.stream, seen.replay)
    try:
        seen.text = response.text
    except StreamError as error:
        assert error is seen.error  # noqa: PT017 - there may be none
    return seen


def read(reader: Any, into: list[Any]) -> StreamError | None:
    """Append all items of the reader to the list; return the error that ended it, if any."""
    try:
        for one in reader:
            into.append(one)  # noqa: PERF402 - keeps the items before an error
    except StreamError as error:
        return error
    return None


async def alook(wrapper: Any) -> Seen:
    seen = Seen()
    try:
        seen.response = response = await wrapper.acall("hi")
    except StreamError as error:
        seen.error = error
        return seen
    seen.error = await aread(response.stream, seen.snapshots)
    await aread(response.deltas, seen.deltas)
    await aread(response.stream, seen.replay)
    try:
        seen.text = await response.get_text()
    except StreamError as error:
        assert error is seen.error  # noqa: PT017 - there may be none
    return seen


async def aread(reader: Any, into: list[Any]) -> StreamError | None:
    try:
        async for one in reader:
            into.append(one)  # noqa: PERF401
    except StreamError as error:
        return error
    return None
