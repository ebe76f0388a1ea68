"""What the browser tests play on: a Studio in a process of its own, and programs that report to it."""

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
    """The browser of this machine, if it has one."""
    found = (os.environ.get("MODELSTREAM_CHROMIUM"), "/usr/bin/chromium", "/usr/bin/chromium-browser")
    return next((path for path in found if path and Path(path).exists()), None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class StudioProcess:
    """`modelstream studio`, which can be killed and started again under the same address."""

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
        """As a crash would: nothing is written any more."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def freeze(self) -> None:
        """Hang: connections stay open, nothing comes."""
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
    """A program that reports to Studio frame by frame, as its sink would, and keeps what is not persisted."""

    def __init__(self, studio: StudioProcess, name: str = "a run", project: str = "tests", **info) -> None:
        self.studio = studio
        self.producer = uuid.uuid4().hex
        self.run = uuid.uuid4().hex
        facts = {"program": "program.py", "pid": 4711, "host": "atlas", "started": time.time(), **info}
        self._info = frames.RunInfo(id=self.run, project=project, name=name, **facts)
        self._kept: list[frames.Frame] = []
        self._persisted = 0
        self._lock = threading.Lock()
        self._connection: http.client.HTTPConnection | None = None
        self._over = threading.Event()
        self._heartbeat = threading.Thread(target=self._stay_alive, daemon=True)
        self._heartbeat.start()

    def report(self, *news: frames.Frame) -> None:
        """Hand these in and wait until they are kept; a Studio that is away is tried again."""
        with self._lock:
            self._kept += news
            deadline = time.monotonic() + 30
            while True:
                try:
                    return self._send()
                except (OSError, http.client.HTTPException):
                    self._hang_up()
                    assert time.monotonic() < deadline, "Studio stays away"
                    time.sleep(0.1)

    def _send(self) -> None:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.studio.port, timeout=10)
        head = frames.Batch(self.producer, self._persisted + 1, self._info)
        lines = b"".join(msgspec.json.encode(line) + b"\n" for line in (head, *self._kept))
        headers = {"Authorization": f"Bearer {self.studio.tokens.publish}", "Content-Type": frames.MEDIA_TYPE}
        self._connection.request("POST", frames.PUBLISH, lines, headers)
        reply = self._connection.getresponse()
        body = reply.read()
        if reply.status != 200:
            raise OSError(f"{reply.status} {body!r}")
        persisted = msgspec.json.decode(body, type=frames.Persisted)
        assert not persisted.refused
        del self._kept[: persisted.persisted - self._persisted]
        self._persisted = persisted.persisted

    def _stay_alive(self) -> None:
        while not self._over.wait(3):
            try:
                self.report()
            except AssertionError:
                return

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def leave(self) -> None:
        """End as a program should."""
        self.report(frames.Bye(time.time()))
        self.die()

    def die(self) -> None:
        """End without a word."""
        self._over.set()
        self._heartbeat.join()
        self._hang_up()

    def speak(self, name: str = "Agent", **facts) -> Speech:
        return Speech(self, name, **facts)

    def ask(self, prompt: str, schema: dict | None = None, name: str = "User") -> str:
        question = uuid.uuid4().hex
        self.report(frames.Ask(question, name, prompt, time.time(), schema))
        return question

    def answer(self, seconds: float = 20) -> object:
        """What the user has answered, as the program hears of it."""
        return self.command(frames.Answer, seconds).value

    def command(self, kind, seconds: float = 20):
        """The first command of this kind."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for command in self.commands():
                if isinstance(command, kind):
                    return command
        raise AssertionError(f"no {kind.__name__} came")

    def commands(self) -> list[frames.Command]:
        """What the program is to do by now, or as soon as there is something."""
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

    def __init__(self, program: Program, name: str, **facts) -> None:
        self.id = f"{uuid.uuid4().hex[:12]}-{next(self._numbers)}"
        self.name = name
        self.text = ""
        self._thoughts = 0
        self._arguments = 0
        self._program = program
        facts = {"at": time.time(), "model_type": "openai_chat", "model_name": "test-model", **facts}
        program.report(frames.Open(self.id, name, **facts))

    @property
    def article(self) -> str:
        """The selector of its article in the page."""
        return f"[id='m-{self.id}']"

    def news(self, delta: str) -> frames.Text:
        offset, self.text = len(self.text), self.text + delta
        return frames.Text(self.id, offset, delta, time.time())

    def say(self, *deltas: str) -> Speech:
        self._program.report(*(self.news(delta) for delta in deltas))
        return self

    def think(self, delta: str) -> Speech:
        self._program.report(frames.Reasoning(self.id, self._thoughts, delta, time.time()))
        self._thoughts += len(delta)
        return self

    def call(self, name: str, arguments: str, index: int = 0) -> Speech:
        self._program.report(frames.Tool(self.id, index, self._arguments, arguments, f"call-{index}", name))
        self._arguments += len(arguments)
        return self

    def end(self, state: str = "complete", **facts) -> Speech:
        reason = "stop" if state == "complete" else None
        facts = {"finish_reason": reason, "at": time.time(), **facts}
        self._program.report(frames.Close(self.id, state, **facts))
        return self


class Elsewhere:
    """A web server of a stranger's with one empty page; `asked` lists what was fetched from it."""

    def __init__(self) -> None:
        asked: list[str] = []

        class Page(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<!doctype html><title>elsewhere</title><link rel=icon href=data:,>")

            def log_message(self, *arguments: object) -> None:
                pass

        self.asked = asked
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
