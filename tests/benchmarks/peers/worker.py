"""A client's process: it reads answers in one of the client's ways, and measures itself.

    python -P worker.py clients/openai_sdk.py "openai SDK" http://127.0.0.1:1234

For each line of JSON that it reads, `[measure, {arguments}]`, it writes one with what it measured. It needs
the standard library alone, since it runs in the client's environment.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import itertools
import json
import os
import resource
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

LENGTH = 4  # characters of each text in a burst


class Client:
    """One way of a client to read answers."""

    def __init__(self, file: str, way: str, server: str) -> None:
        spec = importlib.util.spec_from_file_location("client", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        wire = getattr(module, "WIRES", {}).get(way, "openai")
        self.read: Callable[[Callable[[str], None]], Any] = module.WAYS[way](f"{server}/{wire}")
        self.runner = asyncio.Runner()

    def answer(self, take: Callable[[str], None]) -> None:
        """Read one answer."""
        if inspect.iscoroutinefunction(self.read):
            self.runner.run(self.read(take))
        else:
            self.read(take)

    def ready(self) -> dict[str, float]:
        """Nothing: the client is made."""
        return {}

    def burst(self, chunks: int) -> dict[str, float]:
        """CPU time of an answer that comes as fast as it can: microseconds for each chunk."""
        texts: list[str] = []
        began = time.process_time()
        self.answer(texts.append)
        used = time.process_time() - began
        length = len("".join(filter(None, texts)))
        if length != chunks * LENGTH:
            raise ValueError(f"{length} characters came, not {chunks * LENGTH}")
        return {"cpu": used / chunks * 1e6, "peak": peak_memory()}

    def once(self) -> dict[str, float]:
        """A first answer of one chunk: all CPU time of this process until now, in milliseconds."""
        self.answer([].append)
        return {"cpu": time.process_time() * 1e3, "peak": peak_memory()}

    def lag(self) -> dict[str, Any]:
        """Milliseconds from the server's sending to the user's code, one by one."""
        delays: list[float] = []
        self.answer(lambda text: delays.extend(delays_of(text)))
        return {"delays": [delay * 1e3 for delay in delays]}

    def calls(self, count: int) -> dict[str, Any]:
        """Milliseconds from a call to its request's arrival at the server; the first is a cold one."""
        taken = []
        for _ in range(count):
            moments: list[float] = []
            began = time.monotonic()
            self.answer(lambda text, moments=moments: moments.extend(map(float, (text or "").split())))
            taken.append((moments[0] - began) * 1e3)
        return {"taken": taken}

    def streams(self, count: int, seconds: float) -> dict[str, Any]:
        """Delays while so many answers come, 50 chunks a second each; the first and last moments left out."""
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        heard: list[tuple[float, float]] = []

        def take(text: str) -> None:
            now = time.monotonic()
            heard.extend((float(sent), now) for sent in (text or "").split())

        began, cpu = time.monotonic(), time.process_time()
        if inspect.iscoroutinefunction(self.read):
            self.runner.run(together(self.read, take, count))
        else:
            in_threads(self.read, take, count)
        cpu = time.process_time() - cpu
        delays = sorted(
            (now - sent) * 1e3 for sent, now in heard if began + 1.2 < sent < began + seconds - 0.5
        )
        whole = len(heard) == count * int(seconds * 50)
        return {
            "delays": delays[:: max(1, len(delays) // 2000)],
            "most": delays[-1],
            "cpu": cpu / len(heard) * 1e6,
            "whole": whole,
        }


def delays_of(text: str | None) -> list[float]:
    """Since the moments that a text tells."""
    now = time.monotonic()
    return [now - float(sent) for sent in (text or "").split()]


async def together(read: Callable[..., Any], take: Callable[[str], None], count: int) -> None:
    """Read so many answers in tasks that start one after the other within a second."""

    async def read_later(number: int) -> None:
        await asyncio.sleep(number / count)
        await read(take)

    await asyncio.gather(*(read_later(number) for number in range(count)))


def in_threads(read: Callable[..., Any], take: Callable[[str], None], count: int) -> None:
    """The same in threads."""
    threads = [threading.Thread(target=read, args=(take,)) for _ in range(count)]
    for thread in threads:
        thread.start()
        time.sleep(1 / count)
    for thread in threads:
        thread.join()


def peak_memory() -> float:
    """The most that this process had in memory, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def main(file: str, way: str, server: str) -> None:
    """Serve the measures that are asked for."""
    answers, sys.stdout = sys.stdout, sys.stderr
    client: Any = None
    for line in itertools.chain(['["ready", {}]'], sys.stdin):
        measure, arguments = json.loads(line)
        try:
            client = client or Client(file, way, server)
            found = getattr(client, measure)(**arguments)
        except Exception as error:  # noqa: BLE001
            traceback.print_exc()
            found = {"failed": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(found), file=answers, flush=True)
    os._exit(0)  # whatever threads and loops the client has left behind


if __name__ == "__main__":
    main(*sys.argv[1:])
