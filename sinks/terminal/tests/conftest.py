"""Agents that write to the sink, a program that does so on a real terminal, and a parser of the output."""

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


class Speaker:
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
    """The output of a child process on a terminal or a pipe, read as it arrives."""

    def __init__(self, process, fd):
        self.process = process
        self.fd = fd
        self.text = ""
        self._bytes = b""

    def send(self, *commands):
        """Sends commands to the child: `[agent, verb, values...]`."""
        for command in commands:
            self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()

    def wait_for(self, expected):
        """Reads until the output ends with the expected text, and returns all output so far."""
        while not self.text.endswith(expected):
            ready, _, _ = select.select([self.fd], [], [], LIMIT)
            assert ready, f"{expected!r} did not arrive; shown so far: {self.text!r}"
            assert self._read(), f"the output ended before {expected!r}: {self.text!r}"
        return self.text

    def rest(self):
        """Ends the child and returns all of its output."""
        self.process.stdin.close()
        while self._read():
            pass
        assert self.process.wait(LIMIT) == 0
        return self.text

    def _read(self):
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the terminal's other end is closed
            return False
        self._bytes += data
        self.text = self._bytes.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)


@pytest.fixture
def environment():
    """The variables of a child: Python and the terminal with their defaults."""
    removed = {"PYTHONUNBUFFERED", "NO_COLOR", "PYTHONIOENCODING", "COLUMNS"}
    added = {
        "TERM": "xterm-256color",
        "PYTHONUTF8": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    return {name: value for name, value in os.environ.items() if name not in removed} | added


@pytest.fixture
def start(environment):
    """Starts the talker on a real terminal or a pipe, with variables and options of the sink."""
    with contextlib.ExitStack() as stack:

        def start_talker(*, terminal=True, variables=None, **options):
            our_end, their_end = pty.openpty() if terminal else os.pipe()
            stack.callback(os.close, our_end)
            process = subprocess.Popen(
                [sys.executable, TALKER, json.dumps(options)],
                stdin=subprocess.PIPE,
                stdout=their_end,
                env=environment | (variables or {}),
            )
            stack.callback(process.wait, LIMIT)
            stack.callback(process.kill)
            stack.callback(process.stdin.close)
            os.close(their_end)
            return Shown(process, our_end)

        yield start_talker


@pytest.fixture(scope="session")
def talk():
    """Begins a message on a sink: `talk(sink, "Bob")`."""
    return Speaker


@pytest.fixture(scope="session")
def read_back():
    """Parses the output of agents with names such as `A` or `B1`: the sections of each, `(kind, text)`.

    Fails if the agent of a line is not clear.
    """

    def sections(output):
        sections_of = {}
        section = None
        for line in output.splitlines(keepends=True):
            match = _LINE.fullmatch(line)
            if match is None:
                assert section is not None, f"a line without an agent: {line!r}"
                section[1] += line
                continue
            agent_sections = sections_of.setdefault(match["name"], [])
            gap, text = match["gap"], match["text"]
            if gap in {": ", " → "}:
                kind = "call" if gap == " → " else "reasoning" if match["thinking"] else "text"
                agent_sections.append([kind, text])
            elif gap == " … ":
                agent_sections[-1][1] = agent_sections[-1][1].removesuffix("\n") + text
            else:
                agent_sections[-1][1] += text
            section = agent_sections[-1]
        return {
            name: [tuple(section) for section in agent_sections]
            for name, agent_sections in sections_of.items()
        }

    return sections
