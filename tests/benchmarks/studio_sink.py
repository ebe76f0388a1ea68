"""What Studio costs the program that reports to it: up, down, hung, and restarted again and again.

    python tests/benchmarks/studio_sink.py [chunks]

An answer that comes at a pace of its own, a chunk a millisecond, is shown with and without the sink: the
wall time, and the CPU time of the whole program. Then an answer that is there already is shown: the CPU time
of the thread that shows it is the cost of a delta on its path. At last the bytes that go over the wire.
"""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

from modelstream import Finish, ModelResponse, ModelWrapper, Request, StreamSink, show
from modelstream_studio import Studio, places

ROUNDS = 5
CHUNK = "chunk 7 "  # 15 kB make an answer of 2,000
PACE = 0.001
TARGET = 1.05
WIRE_TARGET = 150_000


class Paced(ModelWrapper):
    """Answers with a chunk each millisecond, or with all of them at once."""

    model_type = "paced"

    def deltas(self, request: Request) -> Any:
        """The deltas."""
        chunks, pace = map(float, request.messages[0]["content"].split())
        if not pace:
            yield [CHUNK] * int(chunks)
        else:
            due = time.perf_counter()
            for _ in range(int(chunks)):
                due += pace
                time.sleep(max(0.0, due - time.perf_counter()))
                yield CHUNK
        yield Finish()


def free_port() -> int:
    """A port without a listener."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@contextmanager
def studio(port: int, folder: str) -> Iterator[None]:
    """A real Studio, until it is killed."""
    environment = {**os.environ, "XDG_STATE_HOME": folder}
    command = [sys.executable, "-m", "modelstream", "studio", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                break
            except OSError:
                time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def hung(port: int) -> Iterator[None]:
    """A server that accepts connections and sends nothing."""
    with socket.create_server(("127.0.0.1", port)) as server:
        yield
        server.close()


@contextmanager
def restarting(port: int, folder: str) -> Iterator[None]:
    """A Studio that is killed and started again all the time."""
    over = threading.Event()

    def run() -> None:
        while not over.is_set():
            with studio(port, folder):
                over.wait(0.5)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    over.set()
    thread.join()


Case = tuple[float, float, float]
"""Seconds: on the wall, of the CPU, and of the CPU by the thread that shows."""


def stream(prompt: str, sinks: list[StreamSink]) -> Case:
    """What it takes to show an answer."""
    response: ModelResponse = Paced()(prompt, stream=True)
    wall, cpu, thread = time.perf_counter(), time.process_time(), time.thread_time()
    show(response, sinks=sinks)
    return time.perf_counter() - wall, time.process_time() - cpu, time.thread_time() - thread


def measured(prompt: str, sinks: dict[str, StreamSink | None]) -> dict[str, Case]:
    """The medians of interleaved rounds."""
    cases: dict[str, list[Case]] = {name: [] for name in sinks}
    for _ in range(ROUNDS):
        for name, sink in sinks.items():
            cases[name].append(stream(prompt, [] if sink is None else [sink]))
    return {
        name: (median(c[0] for c in runs), median(c[1] for c in runs), median(c[2] for c in runs))
        for name, runs in cases.items()
    }


class Relay:
    """Passes bytes on to Studio, and counts those that the program sends."""

    def __init__(self, target: int) -> None:
        self.sent = 0
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            client, _ = self._server.accept()
            studio = socket.create_connection(("127.0.0.1", self._target))
            for source, target in ((client, studio), (studio, client)):
                threading.Thread(
                    target=self._pass, args=(source, target, source is client), daemon=True
                ).start()

    def _pass(self, source: socket.socket, target: socket.socket, counts: bool) -> None:
        with suppress(OSError):  # the other direction was closed
            while data := source.recv(1 << 16):
                self.sent += len(data) * counts
                target.sendall(data)
        target.close()


def wire(port: int, token: str, chunks: int, pace: float) -> int:
    """Bytes that an answer costs from the program."""
    relay = Relay(port)
    sink = Studio(url=f"http://127.0.0.1:{relay.port}", token=token)
    stream(f"{chunks} {pace}", [sink])
    sink.shutdown()
    return relay.sent


def main(chunks: int = 2000) -> bool:
    """Measure, print, and tell whether the targets are met."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        os.environ["XDG_STATE_HOME"] = folder
        up, down, hanging, again = (free_port() for _ in range(4))
        stack.enter_context(studio(up, folder))
        place = places.known_place()
        token = "" if place is None else place.tokens.publish
        stack.enter_context(hung(hanging))
        stack.enter_context(restarting(again, str(Path(folder, "again"))))
        sinks: dict[str, StreamSink | None] = {"without": None}
        for name, port in {"up": up, "down": down, "hung": hanging, "restarting": again}.items():
            sinks[name] = Studio(url=f"http://127.0.0.1:{port}", token=token)
        paced = measured(f"{chunks} {PACE}", sinks)
        at_once = measured("100000 0", sinks)
        for sink in sinks.values():
            if sink is not None:
                sink.shutdown()
        print(f"{'Studio is':12}{'wall, s':>10}{'of without':>12}{'CPU, s':>9}{'µs a delta on the path':>24}")
        for name, (wall, cpu, _) in paced.items():
            path = (at_once[name][2] - at_once["without"][2]) * 10
            print(f"{name:12}{wall:10.3f}{wall / paced['without'][0]:12.3f}{cpu:9.3f}{path:24.2f}")
        sent = {pace: wire(up, token, chunks, pace) for pace in (0.0, PACE, 5 * PACE, 20 * PACE)}
        print(f"bytes from the program for {chunks} chunks, {chunks * len(CHUNK)} characters:")
        for pace, count in sent.items():
            print(f"  {'at once' if not pace else f'a chunk each {pace * 1000:g} ms':24}{count:>9}")
        slowest = max(wall for wall, _, _ in paced.values()) / paced["without"][0]
        return slowest <= TARGET and max(sent.values()) <= WIRE_TARGET


if __name__ == "__main__":
    logging.disable()
    sys.exit(not main(*map(int, sys.argv[1:])))
