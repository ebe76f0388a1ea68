"""What the core costs per delta, with no network: CPU time over that of the bare generator, and memory.

    python tests/benchmarks/framework.py [deltas …]

A wrapper in the process yields deltas, and a reader takes them all. The rounds are interleaved and the least
is told, since what others do on the machine only adds. The cost must not grow with the length; how it stands
to that of the bare generator, which is told as well, says more than the microseconds.
"""

from __future__ import annotations

import asyncio
import sys
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from modelstream import Finish, ModelWrapper, Request

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
    for _ in Sync().deltas(Request([{"role": "user", "content": str(count)}])):
        pass


def bare_async(count: int) -> None:
    """What the async wrapper costs by itself, event loop included."""

    async def main() -> None:
        async for _ in Async().adeltas(Request([{"role": "user", "content": str(count)}])):
            pass

    asyncio.run(main())


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
        async for snapshot in response.stream:  # type: ignore[union-attr]
            snapshot.delta  # noqa: B018

    asyncio.run(main())


def costs(count: int) -> dict[str, float]:
    """Microseconds of CPU per delta: of the bare generator, and of each reader over it."""
    programs = (bare, bare_async, read_deltas, read_async, replay)
    least = dict.fromkeys(programs, float("inf"))
    for _ in range(ROUNDS):
        for program in programs:
            least[program] = min(least[program], cpu(program, count))
    floors = {read_deltas: bare, replay: bare, read_async: bare_async}
    over = {program: least[floors[program]] if program in floors else 0.0 for program in programs}
    return {program.__name__: (least[program] - over[program]) / count * 1e6 for program in programs}


def cpu(program: Callable[[int], None], count: int) -> float:
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
    print("| deltas | bare generator | bare, async | delta | delta, async | delta, and a replay |")
    print("|---|---|---|---|---|---|")
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
