"""Agents that talk to the sink, a program that does so on a real terminal, and a reader of what was shown."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest

from modelstream.deltas import ReasoningDelta, ToolCallDelta
from modelstream.sinks.base import Message, Outcome
from modelstream.snapshot import FixedText, Snapshot

TALKER = Path(__file__).with_name("talker.py")
LIMIT = 20.0  # seconds until a test gives up waiting for output

_LINE = re.compile(
    r"(?P<name>[A-Z]\d*)(?P<thinking> \(thinking\))?(?P<gap>: | │ | … | → )(?P<text>.*)", re.DOTALL
)


class Talk:
    """One message to a sink, driven as the core drives it."""

    def __init__(self, sink, name="Bob"):
        self.sink = sink
        self.message = Message(name)
        self.sent = ""
        sink.open(self.message)

    def text(self, *deltas):
        for delta in deltas:
            offset, self.sent = len(self.sent), self.sent + delta
            self.sink.write(self.message, Snapshot(delta, False, offset, FixedText(self.sent)))
        return self

    def afresh(self, text):
        self.sent = ""
        return self.text(text)

    def reasoning(self, *deltas):
        for delta in deltas:
            self.sink.write_delta(self.message, ReasoningDelta(delta))
        return self

    def call(self, name, arguments, index=0):
        self.sink.write_delta(self.message, ToolCallDelta(index, "c1", name, arguments))
        return self

    def done(self, finish_reason="stop", **more):
        self.sink.write(self.message, Snapshot("", True, len(self.sent), FixedText(self.sent)))
        self.sink.close(self.message, Outcome("complete", finish_reason, **more))

    def failed(self, error=None):
        self.sink.close(self.message, Outcome("failed", error=error))

    def cancelled(self):
        self.sink.close(self.message, Outcome("cancelled"))


class Shown:
    """What a child process writes to a terminal or a pipe, read as it comes."""

    def __init__(self, process, fd):
        self.process = process
        self.fd = fd
        self.text = ""
        self._bytes = b""

    def tell(self, *commands):
        """Let the child do this now: `[agent, verb, values...]`."""
        for command in commands:
            self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()

    def await_text(self, expected):
        """Read until the text ends like this; anything that comes later is somebody else's news."""
        while not self.text.endswith(expected):
            ready, _, _ = select.select([self.fd], [], [], LIMIT)
            assert ready, f"{expected!r} did not come; shown so far: {self.text!r}"
            assert self._read(), f"the output ended before {expected!r} came: {self.text!r}"
        return self.text

    def rest(self):
        """Tell the child to end, and read what it still writes."""
        self.process.stdin.close()
        while self._read():
            pass
        assert self.process.wait(LIMIT) == 0
        return self.text

    def _read(self):
        try:
            news = os.read(self.fd, 65536)
        except OSError:  # the terminal's other end is closed
            return False
        self._bytes += news
        self.text = self._bytes.decode(errors="replace").replace("\r\n", "\n")
        return bool(news)


@pytest.fixture
def environment():
    """The variables for a child: an ordinary Python, on an ordinary terminal."""
    hidden = {"PYTHONUNBUFFERED", "NO_COLOR", "PYTHONIOENCODING", "COLUMNS"}
    ordinary = {
        "TERM": "xterm-256color",
        "PYTHONUTF8": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    return {name: value for name, value in os.environ.items() if name not in hidden} | ordinary


@pytest.fixture
def start(environment):
    """Start the talker on a `terminal` (a real one) or a pipe, with options for the sink and variables."""
    with contextlib.ExitStack() as stack:

        def begin(*, terminal=True, variables=None, **options):
            ours, theirs = pty.openpty() if terminal else os.pipe()
            stack.callback(os.close, ours)
            process = subprocess.Popen(
                [sys.executable, TALKER, json.dumps(options)],
                stdin=subprocess.PIPE,
                stdout=theirs,
                env=environment | (variables or {}),
            )
            stack.callback(process.wait, LIMIT)
            stack.callback(process.kill)
            stack.callback(process.stdin.close)
            os.close(theirs)
            return Shown(process, ours)

        yield begin


@pytest.fixture(scope="session")
def talk():
    """Begin a message to a sink: `talk(sink, "Bob")`."""
    return Talk


@pytest.fixture(scope="session")
def read_back():
    """Take apart what agents with names such as `A` or `B1` have shown: each one's sections, `(kind, text)`.

    Fails where a line does not say whose it is.
    """

    def sections(output):
        said = {}
        section = None
        for line in output.splitlines(keepends=True):
            found = _LINE.fullmatch(line)
            if found is None:
                assert section is not None, f"nobody's line: {line!r}"
                section[1] += line
                continue
            own = said.setdefault(found["name"], [])
            gap, text = found["gap"], found["text"]
            if gap in {": ", " → "}:
                kind = "call" if gap == " → " else "reasoning" if found["thinking"] else "text"
                own.append([kind, text])
            elif gap == " … ":
                own[-1][1] = own[-1][1].removesuffix("\n") + text
            else:
                own[-1][1] += text
            section = own[-1]
        return {name: [tuple(section) for section in own] for name, own in said.items()}

    return sections
