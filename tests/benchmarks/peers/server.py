"""The server of all measurements: a process of its own that has its answers ready.

It writes its port, and then reads lines which say how it answers from now on; to each it says that it knows.

    burst 5000      5 000 chunks, as fast as the client takes them; each text is one of `TEXTS`
    paced 40 20     40 chunks, one each 20 ms; each text is the moment at which it is sent

Moments are seconds of the monotonic clock, which all processes of a machine share. The first part of a
request's path is the name of the format: `/openai/chat/completions`.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import resource
import sys
import time

from wires import PLACE, WIRES

TEXTS = [f"w{number} \n" for number in range(10)]
PHASES = 20


@functools.cache
def burst(wire: str, chunks: int) -> bytes:
    """A whole answer."""
    writer = WIRES[wire]
    # LiteLLM treats the same text a hundred times in a row as a broken model.
    frames = itertools.islice(itertools.cycle([writer.frame(text) for text in TEXTS]), chunks)
    return writer.head() + b"".join(frames) + writer.end()


class Paced:
    """An answer that is sent a chunk at a time."""

    def __init__(self, transport: asyncio.Transport, wire: str, chunks: int) -> None:
        self.transport = transport
        self.left = chunks
        self.before, self.after = WIRES[wire].frame(PLACE).split(PLACE.encode())
        self.head = WIRES[wire].head()
        self.tail = WIRES[wire].end()

    def send(self) -> bool:
        """Send the next chunk; whether there are more."""
        head, self.head = self.head, b""
        self.left -= 1
        tail = b"" if self.left else self.tail
        if self.transport.is_closing():
            return False
        text = b"%016.6f " % time.monotonic()
        self.transport.write(b"".join((head, self.before, text, self.after, tail)))
        return self.left > 0


class Pace:
    """The beat of all answers with the same interval, in phases, so that they are not all due at once."""

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self.answers: list[list[Paced]] = [[] for _ in range(PHASES)]
        self.next_phase = itertools.cycle(range(PHASES))
        self.task = asyncio.ensure_future(self.beat())

    def join(self, answer: Paced) -> None:
        """Send the first chunk now, and the rest with the beat."""
        if answer.send():
            self.answers[next(self.next_phase)].append(answer)

    async def beat(self) -> None:
        """Serve a phase after the other."""
        due = time.monotonic()
        for phase in itertools.cycle(range(PHASES)):
            due += self.interval / PHASES
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self.answers[phase] = [answer for answer in self.answers[phase] if answer.send()]


PACES: dict[int, Pace] = {}
answering = ["burst", "1"]


class Connection(asyncio.Protocol):
    """A client's connection."""

    transport: asyncio.Transport
    got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer a request when it is whole."""
        self.got += data
        head, mark, body = self.got.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if mark and len(body) >= int(lengths[0].partition(b":")[2]):
            self.got = b""
            self.answer(head.split(b" ", 2)[1].decode())

    def answer(self, path: str) -> None:
        """Send what the path asks for."""
        wire = path.split("/")[1]
        how, *numbers = answering
        if how == "burst":
            self.transport.write(burst(wire, int(numbers[0])))
            return
        chunks, interval = map(int, numbers)
        if interval not in PACES:
            PACES[interval] = Pace(interval / 1000)
        PACES[interval].join(Paced(self.transport, wire, chunks))


async def main() -> None:
    """Serve until the standard input ends."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        answering[:] = line.split()
        print("so be it", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
