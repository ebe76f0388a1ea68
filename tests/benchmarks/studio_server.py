"""What a chunk costs Studio's server: microseconds of its CPU time.

    python tests/benchmarks/studio_server.py [seconds]

Twenty messages are written at once, 1 000 chunks of markdown a second (headings, lists, code, a table,
Chinese), into a real server with a real database, once by one program, once by twenty; then with browsers
watching, which gives the cost of each. Linux only: the server's CPU time is read from /proc. The exit code
tells if the targets are met.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from modelstream_studio.frames import Batch, Open, RunInfo, Text

MESSAGES = 20
CHUNKS = 50
"""Chunks a second of each message."""
TICK = 0.05
BROWSERS = 20
TARGET, BROWSER_TARGET = 100.0, 2.0
MANY_TARGET = 150.0
"""With a program for each message there are 400 requests a second to be taken in, too."""

STORY = """## What to look at

A paragraph with **strong words**, some `code` and a [link](https://example.org), long enough to be one.

- first, that it *works*
- then, that it is quick
- and at last, that it is beautiful

```python
def fibonacci(n: int) -> int:
    \"\"\"The slow way.\"\"\"
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)  # both
```

| what | how much |
|---|---:|
| one | 1 |
| two | 22 |

这里是一段中文,说明流式输出的方法。每一个字都在到达的时候显示出来。

"""


def chunks() -> Iterator[str]:
    """The story in chunks of four or five characters, for ever."""
    sizes = itertools.cycle((5, 4, 5))
    text = STORY * 20
    at = 0
    while True:
        size = next(sizes)
        if at + size > len(text):
            at = 0
        yield text[at : at + size]
        at += size


class Program:
    """A program that reports `messages` streams over one connection, a batch each tick."""

    def __init__(self, number: int, messages: int, port: int, token: str) -> None:
        self.run = RunInfo(
            f"run-{number}", "benchmark", f"program {number}", "benchmark", 1, "here", time.time()
        )
        self.streams = {f"m{number}-{index}": [chunks(), 0] for index in range(messages)}
        self.id = f"producer-{number}-{time.time_ns()}"
        self.number = 1
        self.sent = 0
        self._port = port
        self._token = token

    async def report(self, seconds: float) -> None:
        """Write for so long."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        await self._send([Open(message=m, name=f"Agent {m}", at=time.time()) for m in self.streams])
        begun = time.monotonic()
        written = 0
        while (now := time.monotonic() - begun) < seconds:
            due = int(now * CHUNKS)
            await self._send([self._piece(m, due - written) for m in self.streams if due > written])
            written = due
            await asyncio.sleep(TICK - (time.monotonic() - begun - now) % TICK)
        self._writer.close()

    def _piece(self, message: str, count: int) -> Text:
        source, offset = stream = self.streams[message]
        text = "".join(itertools.islice(source, count))
        stream[1] = offset + len(text)
        self.sent += count
        return Text(message=message, offset=offset, delta=text, at=time.time())

    async def _send(self, items: list[Any]) -> None:
        lines = [Batch(self.id, self.number, self.run), *items]
        body = b"\n".join(map(msgspec.json.encode, lines))
        head = f"POST /v1/publish HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self._token}\r\n"
        self._writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = await self._reader.readuntil(b"}")
        self.number += len(items)
        kept = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert kept == {"persisted": self.number - 1}, answer


async def watch(run: str, port: int, token: str, counted: list[int]) -> None:
    """A browser: reads all that it is sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    line = f"GET /v1/events?run={run} HTTP/1.1\r\n"
    writer.write(f"{line}Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    try:
        while data := await reader.read(1 << 16):
            counted[0] += len(data)
    finally:
        writer.close()


def cpu_of(pid: int) -> float:
    """The CPU time of a process so far, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measured(pid: int, place: dict[str, Any], programs: int, browsers: int, seconds: float) -> tuple:
    """Microseconds of server CPU per chunk, and bytes per second to a browser."""
    port, tokens = int(place["url"].rpartition(":")[2]), place["tokens"]
    writers = [Program(n, MESSAGES // programs, port, tokens["publish"]) for n in range(programs)]
    counted = [0]
    reports = [asyncio.ensure_future(writer.report(seconds + 1)) for writer in writers]
    await asyncio.sleep(1)
    readers = [asyncio.ensure_future(watch("run-0", port, tokens["watch"], counted)) for _ in range(browsers)]
    before, sent = cpu_of(pid), sum(writer.sent for writer in writers)
    await asyncio.gather(*reports)
    spent = cpu_of(pid) - before
    for reader in readers:
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    done = sum(writer.sent for writer in writers) - sent
    return spent / done * 1e6, counted[0] / max(browsers, 1) / seconds


def main() -> int:
    """Run the rounds and print their figures; the exit code."""
    if not Path("/proc/self/stat").exists():
        print("skipped: the server's CPU time is read from /proc")
        return 0
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_STATE_HOME": folder}
        command = [str(Path(sys.executable).with_name("modelstream")), "studio", "--port", "0"]
        server = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
        try:
            assert server.stderr is not None
            while b"Ctrl-C stops it" not in server.stderr.readline():
                assert server.poll() is None
            place = json.loads(Path(folder, "modelstream/studio/studio.json").read_bytes())
            return report(server.pid, place, seconds)
        finally:
            server.terminate()
            server.wait(10)
            server.stderr.close()


def report(pid: int, place: dict[str, Any], seconds: float) -> int:
    """Measure, print, and compare with the targets."""
    asyncio.run(measured(pid, place, 1, 1, 1.0))  # what is loaded on first use is not measured
    one, _ = asyncio.run(measured(pid, place, 1, 0, seconds))
    twenty, _ = asyncio.run(measured(pid, place, MESSAGES, 0, seconds))
    watched, sent = asyncio.run(measured(pid, place, 1, BROWSERS, seconds))
    further = (watched - one) / BROWSERS
    print(f"{MESSAGES} messages, {MESSAGES * CHUNKS} chunks/s, markdown, SQLite; server CPU per chunk:")
    print(f"  one program       {one:6.1f} us (target {TARGET:.0f})")
    print(f"  {MESSAGES} programs       {twenty:6.1f} us (target {MANY_TARGET:.0f})")
    print(
        f"  a further browser {further:6.2f} us (target {BROWSER_TARGET:.0f}), {sent / 1000:.1f} kB/s to each"
    )
    return int(one > TARGET or twenty > MANY_TARGET or further > BROWSER_TARGET)


if __name__ == "__main__":
    sys.exit(main())
