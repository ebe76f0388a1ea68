"""What the core costs per delta, with no network: CPU time over that of the bare generator, and memory.

    python tests/benchmarks/framework.py [deltas …]

A wrapper in the process yields deltas, and a reader takes them all. The rounds are interleaved and the
minimum is reported, since other load on the machine only adds. The cost must not grow with the length; its
ratio to the cost of the bare generator, which is reported as well, means more than the microseconds.
"""

from __future__ import annotations

import asyncio
import sys
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from itertools import chain, islice
from typing import Any

from modelstream import Finish, ModelWrapper, Request

ROUNDS = 5
TOGETHER = 50
"""Deltas in a list: 10 kB of OpenAI's frames have so many."""

Program = Callable[[int], None]


def texts(request: Any) -> Iterator[str]:
    """As many as the prompt says."""
    for number in range(int(request.messages[0]["content"])):
        yield f"{number % 10_000:04d}"


class Sync(ModelWrapper):
    """Yields delta by delta."""

    model_type = "bench_chat"

    def deltas(self, request: Any) -> Iterator[Any]:
        """The deltas and the end."""
        yield from texts(request)
        yield Finish("stop")


class Lists(ModelWrapper):
    """Yields lists, as wrappers do that find many frames in one read of their socket."""

    model_type = "bench_lists_chat"

    def deltas(self, request: Any) -> Iterator[Any]:
        """The deltas and the end."""
        yield from lists(request)
        yield Finish("stop")


class Async(ModelWrapper):
    """The same as `Sync` for coroutines."""

    model_type = "bench_async_chat"

    async def adeltas(self, request: Any) -> AsyncIterator[Any]:
        """The deltas and the end."""
        for text in texts(request):
            yield text
        yield Finish("stop")


class AsyncLists(ModelWrapper):
    """The same as `Lists` for coroutines."""

    model_type = "bench_async_lists_chat"

    async def adeltas(self, request: Any) -> AsyncIterator[Any]:
        """The deltas and the end."""
        for together in lists(request):
            yield together
        yield Finish("stop")


def lists(request: Any) -> Iterator[list[str]]:
    """The texts in lists of `TOGETHER`."""
    all_texts = texts(request)
    while together := list(islice(all_texts, TOGETHER)):
        yield together


def bare(wrapper: type[ModelWrapper], count: int) -> None:
    """What the wrapper costs by itself."""
    for _ in wrapper().deltas(request(count)):
        pass


def bare_async(wrapper: type[ModelWrapper], count: int) -> None:
    """What the async wrapper costs by itself, event loop included."""

    async def main() -> None:
        async for _ in wrapper().adeltas(request(count)):
            pass

    asyncio.run(main())


def request(count: int) -> Request:
    """The request of the wrappers."""
    return Request([{"role": "user", "content": str(count)}])


def read(wrapper: type[ModelWrapper], count: int) -> None:
    """A reader that only appends."""
    for snapshot in wrapper()(str(count), stream=True).stream or ():
        snapshot.delta  # noqa: B018


def read_async(wrapper: type[ModelWrapper], count: int) -> None:
    """A reader in a coroutine."""

    async def main() -> None:
        response = await wrapper().acall(str(count), stream=True)
        async for snapshot in response.stream:  # type: ignore[union-attr]
            snapshot.delta  # noqa: B018

    asyncio.run(main())


def read_twice(wrapper: type[ModelWrapper], count: int) -> None:
    """The same, and a second reader after the end."""
    response = wrapper()(str(count), stream=True)
    for stream in (response.stream, response.stream):
        for snapshot in stream or ():
            snapshot.delta  # noqa: B018


def read_pairs(count: int) -> None:
    """A reader that takes `last, text` each time."""
    for _last, _text in Sync()(str(count), stream=True).stream or ():
        pass


COLUMNS: dict[str, tuple[Program, Program | None]] = {
    "bare generator": (partial(bare, Sync), None),
    "bare, async": (partial(bare_async, Async), None),
    "delta": (partial(read, Sync), partial(bare, Sync)),
    "delta, async": (partial(read_async, Async), partial(bare_async, Async)),
    "lists": (partial(read, Lists), partial(bare, Lists)),
    "lists, async": (partial(read_async, AsyncLists), partial(bare_async, AsyncLists)),
    "delta, and a replay": (partial(read_twice, Sync), partial(bare, Sync)),
}
"""What is run, and what of it is the wrapper's own."""


def costs(count: int) -> dict[str, float]:
    """Microseconds of CPU per delta: of the bare generators, and of each reader over its own."""
    least: dict[Program, float] = {}
    for _ in range(ROUNDS):
        for program in filter(None, chain(*COLUMNS.values())):
            least[program] = min(cpu(program, count), least.get(program, float("inf")))
    return {
        name: (least[program] - (least[floor] if floor else 0.0)) / count * 1e6
        for name, (program, floor) in COLUMNS.items()
    }


def cpu(program: Program, count: int) -> float:
    """Seconds of CPU time that a program takes."""
    began = time.process_time()
    program(count)
    return time.process_time() - began


def held(count: int, *, keep: bool) -> float:
    """Megabytes held at the end of a stream, with or without every snapshot kept."""
    tracemalloc.start()
    response = Sync()(str(count), stream=True)
    kept = [snapshot for snapshot in response.stream or () if keep]
    size = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    del kept
    return size


def main() -> None:
    """Print the tables."""
    counts = [int(one) for one in sys.argv[1:]] or [2_000, 20_000, 100_000, 400_000]
    print("| deltas |", " | ".join(COLUMNS), "|")
    print("|---" * (len(COLUMNS) + 1) + "|")
    for count in counts:
        figures = " | ".join(f"{figure:.2f} µs" for figure in costs(count).values())
        print(f"| {count} | {figures} |")
    pairs = min(cpu(read_pairs, 5000) for _ in range(ROUNDS)) / 5000 * 1e6
    print(f"\nlast, text each time, 5000 deltas: {pairs:.2f} µs")
    most = max(counts)
    print(f"held after {most} deltas: {held(most, keep=False):.1f} MB")
    print(f"with every snapshot kept: {held(most, keep=True):.1f} MB")


if __name__ == "__main__":
    main()
