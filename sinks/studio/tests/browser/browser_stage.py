"""For the browser tests: a Studio in another process, and programs that report to it."""

from __future__ import annotations

import http.client
import http.server
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Self

import msgspec

from modelstream_studio import frames
from modelstream_studio.places import Place

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGE = Path(frames.__file__).with_name("page")
COMMAND = "import sys; from modelstream.cli import main; sys.exit(main())"


def chromium() -> str | None:
    """The path of an installed Chromium, or None."""
    candidates = (os.environ.get("MODELSTREAM_CHROMIUM"), "/usr/bin/chromium", "/usr/bin/chromium-browser")
    return next((path for path in candidates if path and Path(path).exists()), None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class StudioProcess:
    """`modelstream studio`, which can be killed and restarted at the same address."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.environment = {**os.environ, "XDG_STATE_HOME": str(folder)}
        self.start()
        place = folder / "modelstream" / "studio" / "studio.json"
        self.tokens = msgspec.json.decode(place.read_bytes(), type=Place).tokens

    @property
    def link(self) -> str:
        return f"{self.url}/#watch={self.tokens.watch}&answer={self.tokens.answer}"

    def start(self) -> None:
        command = [sys.executable, "-c", COMMAND, "studio", "--port", str(self.port)]
        log = (self._folder / "studio.log").open("ab")
        with log:
            self._process = subprocess.Popen(command, env=self.environment, stderr=log, stdout=log)
        deadline = time.monotonic() + 40
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "studio.log").read_text()
            assert time.monotonic() < deadline, "Studio does not answer"
            time.sleep(0.05)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def kill(self) -> None:
        """Ends it at once, like a crash."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def freeze(self) -> None:
        """Lets it hang: connections stay open, but nothing is sent."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(20)


class Program:
    """A program that reports to Studio like a sink, and keeps frames until they are persisted."""

    def __init__(self, studio: StudioProcess, name: str = "a run", project: str = "tests", **info) -> None:
        self.studio = studio
        self.producer = uuid.uuid4().hex
        self.run = uuid.uuid4().hex
        fields = {"program": "program.py", "pid": 4711, "host": "atlas", "started": time.time(), **info}
        self._info = frames.RunInfo(id=self.run, project=project, name=name, **fields)
        self._pending: list[frames.Frame] = []
        self._persisted = 0
        self._lock = threading.Lock()
        self._connection: http.client.HTTPConnection | None = None
        self._ended = threading.Event()
        self._heartbeat = threading.Thread(target=self._stay_alive, daemon=True)
        self._heartbeat.start()

    def report(self, *new_frames: frames.Frame) -> None:
        """Sends frames and waits until they are persisted; retries while Studio is unreachable."""
        with self._lock:
            self._pending += new_frames
            deadline = time.monotonic() + 30
            while True:
                try:
                    return self._send()
                except (OSError, http.client.HTTPException):
                    self._disconnect()
                    assert time.monotonic() < deadline, "Studio stays unreachable"
                    time.sleep(0.1)

    def _send(self) -> None:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.studio.port, timeout=10)
        head = frames.Batch(self.producer, self._persisted + 1, self._info)
        lines = b"".join(msgspec.json.encode(line) + b"\n" for line in (head, *self._pending))
        headers = {"Authorization": f"Bearer {self.studio.tokens.publish}", "Content-Type": frames.MEDIA_TYPE}
        self._connection.request("POST", frames.PUBLISH, lines, headers)
        reply = self._connection.getresponse()
        body = reply.read()
        if reply.status != 200:
            raise OSError(f"{reply.status} {body!r}")
        persisted = msgspec.json.decode(body, type=frames.Persisted)
        assert not persisted.refused
        del self._pending[: persisted.persisted - self._persisted]
        self._persisted = persisted.persisted

    def _stay_alive(self) -> None:
        while not self._ended.wait(3):
            try:
                self.report()
            except AssertionError:
                return

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def leave(self) -> None:
        """Ends with a last frame, as a program should."""
        self.report(frames.Bye(time.time()))
        self.stop()

    def stop(self) -> None:
        """Ends without a last frame."""
        self._ended.set()
        self._heartbeat.join()
        self._disconnect()

    def speak(self, name: str = "Agent", **fields) -> Speech:
        return Speech(self, name, **fields)

    def ask(self, prompt: str, schema: dict | None = None, name: str = "User") -> str:
        question = uuid.uuid4().hex
        self.report(frames.Ask(question, name, prompt, time.time(), schema))
        return question

    def answer(self, seconds: float = 20) -> object:
        """Waits for the answer of the user, as the program receives it."""
        return self.command(frames.Answer, seconds).value

    def command(self, kind, seconds: float = 20):
        """Waits for the first command of this kind."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for command in self.commands():
                if isinstance(command, kind):
                    return command
        raise AssertionError(f"no {kind.__name__} arrived")

    def commands(self) -> list[frames.Command]:
        """The commands so far; waits for the first one."""
        connection = http.client.HTTPConnection("127.0.0.1", self.studio.port, timeout=25)
        headers = {"Authorization": f"Bearer {self.studio.tokens.publish}"}
        query = f"?producer={self.producer}&after=0"
        try:
            connection.request("GET", frames.COMMANDS + query, headers=headers)
            reply = connection.getresponse().read()
            return msgspec.json.decode(reply, type=frames.Commands).commands
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
            return []
        finally:
            connection.close()


class Speech:
    """One message of a program."""

    _numbers = itertools.count(1)

    def __init__(self, program: Program, name: str, **fields) -> None:
        self.id = f"{uuid.uuid4().hex[:12]}-{next(self._numbers)}"
        self.name = name
        self.text = ""
        self._reasoning = 0
        self._arguments = 0
        self._program = program
        fields = {"at": time.time(), "model_type": "openai_chat", "model_name": "test-model", **fields}
        program.report(frames.Open(self.id, name, **fields))

    @property
    def article(self) -> str:
        """The selector of its article in the page."""
        return f"[id='m-{self.id}']"

    def text_frame(self, delta: str) -> frames.Text:
        offset, self.text = len(self.text), self.text + delta
        return frames.Text(self.id, offset, delta, time.time())

    def write(self, *deltas: str) -> Speech:
        self._program.report(*(self.text_frame(delta) for delta in deltas))
        return self

    def reason(self, delta: str) -> Speech:
        self._program.report(frames.Reasoning(self.id, self._reasoning, delta, time.time()))
        self._reasoning += len(delta)
        return self

    def call(self, name: str, arguments: str, index: int = 0) -> Speech:
        self._program.report(frames.Tool(self.id, index, self._arguments, arguments, f"call-{index}", name))
        self._arguments += len(arguments)
        return self

    def end(self, state: str = "complete", **fields) -> Speech:
        reason = "stop" if state == "complete" else None
        fields = {"finish_reason": reason, "at": time.time(), **fields}
        self._program.report(frames.Close(self.id, state, **fields))
        return self


class Elsewhere:
    """A foreign web server with one empty page; `requests` lists the paths that were fetched."""

    def __init__(self) -> None:
        requests: list[str] = []

        class Page(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                requests.append(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<!doctype html><title>elsewhere</title><link rel=icon href=data:,>")

            def log_message(self, *arguments: object) -> None:
                pass

        self.requests = requests
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.port = self._server.server_address[1]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
