"""What the core costs per delta, with no network: CPU time over that of the bare generator, and memory.

python tests/benchmarks/framework.py [deltas …]

A wrapper in the process yields deltas, and a reader takes them all. The rounds are interleaved and the least
is told, since what others do on the machine only adds. The cost must not grow with the length.
"""

from __future__ import annotations

import asyncio
import sys
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from modelstream import Finish, ModelWrapper

ROUNDS = 5


class Sync(ModelWrapper):
    """Yields as many deltas as the prompt says."""

    model_type = "bench_chat"

    def deltas(self, request: Any) -> Iterator[Any]:
        """The deltas and the end."""
        for number in range(int(request.messages[0]["content"])):
            yield f"{number % 10_000:04d}"
        yield Finish("stop")


class Async(ModelWrapper):
    """The same for coroutines."""

    model_type = "bench_async_chat"

    async def adeltas(self, request: Any) -> AsyncIterator[Any]:
        """The deltas and the end."""
        for number in range(int(request.messages[0]["content"])):
            yield f"{number % 10_000:04d}"
        yield Finish("stop")


def bare(count: int) -> None:
    """What the wrapper costs by itself."""
    for number in range(count):
        f"{number % 10_000:04d}"


def read_deltas(count: int) -> None:
    """A reader that only appends."""
    for snapshot in Sync()(str(count), stream=True).stream or ():
        snapshot.delta  # noqa: B018


def replay(count: int) -> None:
    """The same, and a second reader after the end."""
    response = Sync()(str(count), stream=True)
    for stream in (response.stream, response.stream):
        for snapshot in stream or ():
            snapshot.delta  # noqa: B018


def read_pairs(count: int) -> None:
    """A reader that takes `last, text` each time."""
    for _last, _text in Sync()(str(count), stream=True).stream or ():
        pass


def read_async(count: int) -> None:
    """A reader in a coroutine."""

    async def main() -> None:
        response = await Async().acall(str(count), stream=True)
        async for snapshot in response.stream or ():
            snapshot.delta  # noqa: B018

    asyncio.run(main())


def cost(read: Callable[[int], None], count: int) -> float:
    """Microseconds of CPU per delta over the bare generator's."""
    least = {read: float("inf"), bare: float("inf")}
    for _ in range(ROUNDS):
        for one in (bare, read):
            began = time.process_time()
            one(count)
            least[one] = min(least[one], time.process_time() - began)
    return (least[read] - least[bare]) / count * 1e6


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
    print("| deltas | delta, sync | delta, async | delta, and a replay |\n|---|---|---|---|")
    for count in counts:
        figures = " | ".join(f"{cost(read, count):.2f} µs" for read in (read_deltas, read_async, replay))
        print(f"| {count} | {figures} |")
    print(f"\nlast, text each time, 5000 deltas: {cost(read_pairs, 5000):.2f} µs")
    most = max(counts)
    print(f"held after {most} deltas: {held(most, keep=False):.1f} MB")
    print(f"with every snapshot kept: {held(most, keep=True):.1f} MB")


if __name__ == "__main__":
    main()
