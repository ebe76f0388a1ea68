"""Who takes part in the measurements: the server, and a process for each way to read its answers."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from environments import CLIENTS, python_for

HERE = Path(__file__).parent
# Without the user's proxy, which would be between client and server, and without the user's keys; and LiteLLM
# must not fetch its price list at import.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.lower().endswith(("_proxy", "_api_key", "_base_url", "pythonunbuffered"))
} | {"NO_PROXY": "*", "OPENAI_API_KEY": "k", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}

# Clients log much. Set this to see why one fails.
ERRORS = None if os.environ.get("BENCH_LOUD") else subprocess.DEVNULL


class FailedError(Exception):
    """A way could not be measured."""


@dataclass(frozen=True)
class Way:
    """One way of a client to read answers."""

    name: str
    client: Path
    over: str = ""
    """For a wrapper of ours: the name of the way of the SDK below it."""

    @property
    def is_async(self) -> bool:
        """Whether it reads in a coroutine."""
        return "async" in self.name


def all_ways() -> list[Way]:
    """Every way of every client, the floor first. Read without running: a client runs in its environment."""
    clients = sorted(CLIENTS.glob("*.py"), key=lambda path: (path.stem != "floor", path.stem))
    return [
        Way(name, client, constant(client, "WRAPPERS").get(name, ""))
        for client in clients
        for name in constant(client, "WAYS")
    ]


def constant(client: Path, name: str) -> Any:
    """What a client's file sets `name` to: a text, or a dict (whose values, if they aren't texts, are "")."""
    for node in ast.parse(client.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            if isinstance(node.value, ast.Dict):
                return {
                    literal(key): literal(value)
                    for key, value in zip(node.value.keys, node.value.values, strict=True)
                }
            return literal(node.value)
    return {}


def literal(node: ast.expr | None) -> str:
    """A text in the source."""
    return str(node.value) if isinstance(node, ast.Constant) else ""


class Process:
    """A helper process that answers lines with lines."""

    def __init__(self, *arguments: str) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            arguments, stdin=pipe, stdout=pipe, stderr=ERRORS, text=True, env=ENVIRONMENT
        )

    def ask(self, line: str) -> str:
        """Send a line and wait for the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.line()

    def line(self) -> str:
        """The next line. Raises `FailedError` when the process has ended."""
        assert self.process.stdout is not None
        if line := self.process.stdout.readline():
            return line
        raise FailedError(f"the process ended with code {self.process.wait()}")

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()


def found_by(worker: Process, measure: str, **arguments: Any) -> Any:
    """What a worker finds. Raises `FailedError`."""
    return found_in(worker.ask(json.dumps([measure, arguments])))


def found_in(line: str) -> Any:
    """What a worker's answer says. Raises `FailedError`."""
    found = json.loads(line)
    if "failed" in found:
        raise FailedError(found["failed"])
    return found


@dataclass
class Stage:
    """The server and the workers, which are started when they are needed first and stay. A context manager.

    With `python` given, it is the interpreter for all clients; otherwise each has its own environment.
    """

    python: str | None = None
    server: Process = field(init=False)
    address: str = field(init=False)
    workers: dict[str, Process] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self.server = Process(sys.executable, str(HERE / "server.py"))
        self.address = f"http://127.0.0.1:{int(self.server.line())}"
        return self

    def __exit__(self, *exc: object) -> None:
        for process in (*self.workers.values(), self.server):
            process.close()

    def interpreter(self, way: Way) -> str:
        """The Python that a way runs with."""
        return self.python or python_for(way.client)

    def measure(self, way: Way, answer: str, measure: str, **arguments: Any) -> Any:
        """What a worker finds while the server answers so.

        Raises `FailedError`. A way that failed once is not tried again.
        """
        if way.name in self.failed:
            raise FailedError(self.failed[way.name])
        try:
            self.server.ask(answer)
            return found_by(self._worker(way), measure, **arguments)
        except (FailedError, OSError) as error:
            self.failed[way.name] = str(error)
            self.stop(way)
            print(f"  {way.name}: {error}", file=sys.stderr, flush=True)
            raise FailedError(str(error)) from error

    def start(self, way: Way) -> Process:
        """A new worker for a way."""
        worker = str(HERE / "worker.py")
        return Process(self.interpreter(way), "-P", worker, str(way.client), way.name, self.address)

    def hurry(self, way: Way | None = None) -> None:
        """Give a way's worker, or the server, more weight than others have, if that is allowed."""
        with suppress(OSError, FailedError):
            process = self._worker(way) if way else self.server
            os.setpriority(os.PRIO_PROCESS, process.process.pid, -10)

    def stop(self, way: Way) -> None:
        """End a way's worker; the next measure starts another one."""
        if way.name in self.workers:
            self.workers.pop(way.name).close()

    def _worker(self, way: Way) -> Process:
        if way.name not in self.workers:
            self.workers[way.name] = self.start(way)
            found_in(self.workers[way.name].line())
        return self.workers[way.name]
