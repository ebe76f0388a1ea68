"""A real Studio in a thread or process, and a program and a browser that connect to it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from modelstream_studio import frames
from modelstream_studio.places import Tokens
from modelstream_studio.server.app import Studio
from modelstream_studio.server.running import Server
from modelstream_studio.server.store import Store

TOKENS = Tokens("watch-token", "answer-token", "publish-token")
LIMIT = 20.0  # seconds until a test gives up waiting
PUBLISH = ("POST", "/v1/publish")


def wait_for(condition: Callable[[], Any], what: str = "the condition") -> Any:
    """Waits until `condition()` is true, and returns its value."""
    end = time.monotonic() + LIMIT
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} was not true within {LIMIT:g} s"
        time.sleep(0.01)
    return found


class Client:
    """Sends requests to one Studio, with its tokens."""

    def __init__(self, port: int, tokens: Tokens = TOKENS) -> None:
        self.port = port
        self.tokens = tokens

    def request(
        self, method: str, path: str, *, role: str | None = "watch", body: bytes | None = None, **headers: str
    ) -> tuple[int, Any, dict[str, str]]:
        """Sends a request; returns the status, the JSON (or text) and the headers of the response."""
        connection = self.begin(method, path, role=role, body=body, **headers)
        try:
            response = connection.getresponse()
            data = response.read()
            found = {name.lower(): value for name, value in response.getheaders()}
        finally:
            connection.close()
        is_json = found.get("content-type", "").startswith("application/json")
        return response.status, json.loads(data) if is_json else data.decode(), found

    def begin(
        self, method: str, path: str, *, role: str | None = "watch", body: bytes | None = None, **headers: str
    ) -> http.client.HTTPConnection:
        """Sends a request without reading the response, and returns the connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        if role is not None:
            headers.setdefault("authorization", f"Bearer {getattr(self.tokens, role)}")
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        return connection

    def get(self, path: str) -> Any:
        """The JSON of a response, which must have status 200."""
        status, value, _ = self.request("GET", path)
        assert status == 200, value
        return value

    def post(self, path: str, value: Any, role: str = "answer") -> int:
        """Posts JSON and returns the status."""
        body = json.dumps(value).encode()
        return self.request("POST", path, role=role, body=body, content_type="application/json")[0]

    def run(self, id_: str = "run") -> Any:
        """The snapshot of a run."""
        return self.get(f"/v1/runs/{id_}")

    def message(self, id_: str = "m", run: str = "run") -> Any:
        """One message of a snapshot."""
        return next(message for message in self.run(run)["messages"] if message["id"] == id_)


class Served(Client):
    """A Studio in a thread. `stop` and `start` restart it with the same database and port."""

    def __init__(self, folder: Path, **options: Any) -> None:
        super().__init__(0)
        self.db = folder / "studio.db"
        self._options = options
        self.start()

    def start(self) -> None:
        """Starts to listen and serve."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._store = Store(self.db)
        self.studio = Studio(self._store, TOKENS, **self._options)
        self._server = Server(self.studio)
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],))
        self._thread.start()
        wait_for(lambda: self._server.started, "the server's start")

    def stop(self) -> None:
        """Stops as with Ctrl-C."""
        self._server.should_exit = True
        self._thread.join(LIMIT)
        assert not self._thread.is_alive()
        self._store.close()
        self._listener.close()


class StudioProcess(Client):
    """`modelstream studio` in another process, with a separate state folder."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        super().__init__(0)
        self.folder = folder
        self._arguments = arguments
        self.start()

    def start(self) -> None:
        """Starts it, on the same port as before."""
        environment = {**os.environ, "XDG_STATE_HOME": str(self.folder), "PYTHONUNBUFFERED": ""}
        command = [str(Path(sys.executable).with_name("modelstream")), "studio", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [*command, *self._arguments], env=environment, stderr=subprocess.PIPE, text=True
        )
        self.output = ""
        assert self.process.stderr is not None
        while "Ctrl-C stops it" not in self.output:
            line = self.process.stderr.readline()
            if not line:
                raise AssertionError(f"it ended with {self._end(signal.SIGKILL)}: {self.told}")
            self.output += line
        place = json.loads(Path(self.folder, "modelstream/studio/studio.json").read_text())
        self.port = int(place["url"].rpartition(":")[2])
        self.tokens = Tokens(**place["tokens"])

    def kill(self) -> None:
        """Ends it as with `kill -9`."""
        self._end(signal.SIGKILL)

    def interrupt(self) -> int:
        """Ends it as with Ctrl-C, and returns the exit code."""
        return self._end(signal.SIGINT)

    def _end(self, number: int) -> int:
        self.process.send_signal(number)
        code = self.process.wait(LIMIT)
        if self.process.stderr is not None:
            self.output += self.process.stderr.read()
            self.process.stderr.close()
        return code


class Reporter:
    """The sink of a program. It keeps its log, so that any part can be sent again."""

    def __init__(self, client: Client, id_: str = "producer", run: str = "run") -> None:
        self.client = client
        self.id = id_
        self.info = frames.RunInfo(run, "project", f"name of {run}", "program.py", 42, "host", 1000.0)
        self.log: list[bytes] = []

    def report(self, *new_frames: frames.Frame) -> int:
        """Sends further frames; returns the number of frames that Studio has stored."""
        self.log += map(msgspec.json.encode, new_frames)
        status, reply, _ = self.send(len(self.log) - len(new_frames) + 1, len(self.log))
        assert status == 200, reply
        return reply["persisted"]

    def send(self, first: int, last: int, **headers: str) -> tuple[int, Any, dict[str, str]]:
        """Sends the frames from `first` to `last`, for the first time or again."""
        return self.client.request(*PUBLISH, role="publish", body=self._batch(first, last), **headers)

    def begin(self, first: int, last: int) -> http.client.HTTPConnection:
        """The same, without waiting for the response."""
        return self.client.begin(*PUBLISH, role="publish", body=self._batch(first, last))

    def _batch(self, first: int, last: int) -> bytes:
        head = msgspec.json.encode(frames.Batch(self.id, first, self.info))
        return b"\n".join([head, *self.log[first - 1 : last]])

    def open(self, m: str = "m", name: str = "Alice", at: float = 1001.0, **fields: Any) -> int:
        """Begins a message."""
        return self.report(frames.Open(message=m, name=name, at=at, **fields))

    def text(self, delta: str, offset: int, m: str = "m") -> int:
        """Adds text to a message."""
        return self.report(frames.Text(message=m, offset=offset, delta=delta, at=1002.0))

    def close(self, m: str = "m", state: Any = "complete", **fields: Any) -> int:
        """Ends a message."""
        return self.report(frames.Close(message=m, state=state, at=1003.0, **fields))


class Browser:
    """The state of a page: reads the events in a thread and applies them."""

    def __init__(
        self,
        client: Client,
        run: str | None = "run",
        after: str | None = None,
        previous: Browser | None = None,
    ) -> None:
        self.run: Any = previous.run if previous else None
        self.runs: dict[str, Any] = dict(previous.runs) if previous else {}
        self.messages: dict[str, Any] = dict(previous.messages) if previous else {}
        self.questions: dict[str, Any] = dict(previous.questions) if previous else {}
        self.at = after
        self.snapshots = 0
        self.connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=LIMIT)
        headers = {"authorization": f"Bearer {client.tokens.watch}"}
        if after is not None:
            headers["last-event-id"] = after
        self.connection.request("GET", f"/v1/events?run={run}" if run else "/v1/events", headers=headers)
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.read()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def html(self, m: str = "m") -> str:
        """The closed blocks of a message, and its open tail as text."""
        return "".join(self.messages[m]["blocks"]) + self.messages[m]["tail"]

    def wait(self, m: str, state: str) -> None:
        """Waits until a message is in this state."""
        wait_for(lambda: self.messages.get(m, {}).get("state") == state, f"{m} {state}")

    def leave(self) -> str | None:
        """Closes the tab and returns its position."""
        if self.response.fp is not None and self.connection.sock is not None:
            self.connection.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(LIMIT)
        self.connection.close()
        return self.at

    def _read(self) -> None:
        event: dict[str, str] = {}
        try:
            for line in self.response:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "" and event:
                    self._take(event)
                    event = {}
                elif name in {"id", "event", "data"}:
                    event[name] = value
        except (OSError, http.client.HTTPException, AttributeError, ValueError):
            pass

    def _take(self, event: dict[str, str]) -> None:
        data = json.loads(event["data"])
        if event["event"] == "snapshot":
            self.snapshots += 1
            self.run = data["run"]
            self.runs = {run["id"]: run for run in data["runs"]}
            self.messages = {message["id"]: message for message in data["messages"]}
            self.questions = {question["id"]: question for question in data["questions"]}
        for op in data.get("ops", ()):
            getattr(self, "_" + op["op"].replace("-", "_"))(op)
        self.at = event.get("id", self.at)

    def _run(self, op: Any) -> None:
        self.runs[op["run"]["id"]] = op["run"]
        if self.run and self.run["id"] == op["run"]["id"]:
            self.run = op["run"]

    def _message(self, op: Any) -> None:
        self.messages[op["message"]["id"]] = op["message"]

    def _text(self, op: Any) -> None:
        message = self.messages[op["m"]]
        message["blocks"] += op.get("blocks", [])
        message["tail"] = op["tail"] if "tail" in op else message["tail"] + op["more"]

    def _fresh(self, op: Any) -> None:
        self.messages[op["m"]].update(blocks=[], tail="")

    def _reasoning(self, op: Any) -> None:
        self.messages[op["m"]]["reasoning"] += op["d"]

    def _tool(self, op: Any) -> None:
        calls = {call["i"]: call for call in self.messages[op["m"]]["tool_calls"]}
        call = calls.setdefault(op["i"], {"i": op["i"], "id": None, "name": None, "arguments": ""})
        call.update({key: op[key] for key in ("id", "name") if op[key]})
        call["arguments"] += op["d"]
        self.messages[op["m"]]["tool_calls"] = list(calls.values())

    def _gap(self, op: Any) -> None:
        self.messages[op["m"]]["gap"] += op["lost"]

    def _end(self, op: Any) -> None:
        ended = op["message"]
        if ended["blocks"] is None:
            ended["blocks"] = self.messages[ended["id"]]["blocks"]
            ended["tail"] = self.messages[ended["id"]]["tail"]
        self.messages[ended["id"]] = ended

    def _question(self, op: Any) -> None:
        self.questions[op["question"]["id"]] = op["question"]

    def _question_over(self, op: Any) -> None:
        self.questions[op["q"]].update(state=op["state"], value=op["value"])


@contextmanager
def browsing(client: Client, *arguments: Any) -> Iterator[Browser]:
    """A browser that is closed at the end."""
    browser = Browser(client, *arguments)
    try:
        yield browser
    finally:
        browser.leave()
