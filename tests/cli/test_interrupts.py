"""Ctrl-C, on a real terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

pytest.importorskip("modelstream_terminal", reason="the command shows answers through the terminal sink")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


class Terminal:
    """A process on a pseudo-terminal, and what it has shown."""

    def __init__(self, process: subprocess.Popen[bytes], side: int) -> None:
        self.process = process
        self._side = side
        self.shown = ""

    def until(self, text: str, times: int = 1) -> None:
        """Read until `text` was shown `times` times."""
        limit = time.monotonic() + 20
        while self.shown.count(text) < times:
            assert time.monotonic() < limit, f"no {text!r} in {self.shown!r}"
            try:
                self.shown += os.read(self._side, 4096).decode()
            except OSError:  # the other side was closed
                break
        assert self.shown.count(text) >= times, self.shown

    def type(self, text: str) -> None:
        """Type as a user does; "\\x03" is Ctrl-C."""
        os.write(self._side, text.encode())

    def leave(self) -> int | None:
        """Ctrl-C at the prompt, again while nothing happens; the exit code.

        Python's input() misses a signal that comes between its prompt and the beginning of its reading.
        """
        limit = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < limit:
            self.type("\x03")
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(1)
        return self.process.poll()


@contextmanager
def terminal(arguments: list[str], environment: dict[str, str]) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(  # a new session, so that the terminal's Ctrl-C reaches only it
        arguments,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads here
    )
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait(10)
        os.close(ours)


def test_ctrl_c_ends_an_answer_quietly(command: list[str], environment: dict[str, str]) -> None:
    with terminal([*command, "-m", "stage_chat", "one wait"], environment) as screen:
        screen.until("one wait ")
        screen.type("\x03")
        assert screen.process.wait(20) == 130
        assert "Traceback" not in screen.shown


def test_chat_keeps_the_text_before_ctrl_c(command: list[str], environment: dict[str, str]) -> None:
    with terminal([*command, "chat", "-m", "stage_chat"], environment) as screen:
        screen.until("> ")
        screen.type("one wait\r")
        screen.until("wait", times=2)  # what was typed, and the answer
        screen.type("\x03")
        screen.until("[stopped]")
        screen.until("> ", times=2)
        screen.type("messages\r")
        screen.until("'assistant', 'content': 'one wait '")
        screen.until("> ", times=3)
        assert screen.leave() == 0
        assert "Traceback" not in screen.shown
