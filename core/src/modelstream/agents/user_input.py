"""Asks the user: on the terminal, and on every sink that can ask. The first answer wins."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelstream.sinks.base import StreamSink
    from modelstream.sinks.question import Question

NOTICE = 0.5
"""Seconds until Ctrl-C is handled on systems where it does not interrupt a waiting lock."""


def ask_user(name: str, prompt: str) -> str:
    """Ask the user for one line. Raises `EOFError` when neither the terminal nor a sink can answer."""
    from modelstream.program import current_sinks
    from modelstream.sinks.base import StreamSink

    asking = [sink for sink in current_sinks() if type(sink).ask is not StreamSink.ask]
    return _ask_all(name, prompt, asking) if asking else _ask_terminal(prompt)


def _ask_terminal(prompt: str) -> str:
    try:
        return input(prompt)
    except (EOFError, KeyboardInterrupt):
        if sys.stdin is not None and sys.stdin.isatty():
            sys.stdout.write("\n")  # else the shell's prompt would be on the same line
        raise


def _ask_all(name: str, prompt: str, sinks: Sequence[StreamSink]) -> str:
    from modelstream.sinks.delivery.questions import ask
    from modelstream.sinks.question import Question

    question = Question(name, prompt)
    question.add_askers(1)  # to the terminal: a question that no sink can ask after all is still asked there
    try:
        _terminal.ask(question)
        ask(question, sinks)
        while not question.over:
            question.wait(NOTICE)
    finally:
        question.cancel()
    if not question.answered:
        raise EOFError(f"{name}: no answer to {prompt!r}: the input has ended and no sink can ask")
    return str(question.value)


class _Terminal:
    """Reads standard input in a thread, so that a sink may answer first.

    A read can't be cancelled: one still pending when its question has ended serves the next question.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._question: Question | None = None
        self._reading = False

    def ask(self, question: Question) -> None:
        """Answer the question with the next line; the end of the input refuses it."""
        with self._lock:
            self._question = question
            begin = not self._reading
            self._reading = True
        question.when_over(lambda: self._end_line(question))
        sys.stdout.write(question.prompt)
        sys.stdout.flush()
        if begin:
            threading.Thread(target=self._read, name="modelstream-terminal", daemon=True).start()

    def _read(self) -> None:
        try:
            # Not input(): line editing leaves the terminal in a bad state when the program ends meanwhile.
            line = sys.stdin.readline()
        except (AttributeError, OSError, ValueError):  # no standard input, or a closed one
            line = ""
        with self._lock:
            question, self._question = self._question, None
            self._reading = False
        if question is None:
            return
        if line:
            question.answer(line.rstrip("\n"))  # ignored if the question has already ended
        else:
            question.remove_asker()

    def _end_line(self, question: Question) -> None:
        """End the line of the prompt after a sink has answered."""
        if self._question is question:
            sys.stdout.write("\n")
            sys.stdout.flush()


_terminal = _Terminal()
