"""One producer: everything that a sink in one process reports, from its first message to the end."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from modelstream.sinks import run
from modelstream.sinks.base import Message, Outcome
from modelstream_studio import frames
from modelstream_studio.sink.flusher import Flusher
from modelstream_studio.sink.lane import Lane
from modelstream_studio.sink.listener import Listener
from modelstream_studio.sink.outbox import Outbox
from modelstream_studio.sink.publisher import Publisher
from modelstream_studio.sink.question_reporter import QuestionReporter
from modelstream_studio.sink.trouble import Trouble

if TYPE_CHECKING:
    from modelstream.sinks.question import Question
    from modelstream_studio.sink.address import Address


class Session:
    """Reports messages and questions to Studio. Thread-safe.

    `lanes` are the open messages.
    """

    def __init__(self, find: Callable[[], Address], limit: int) -> None:
        self._run_id = run.id
        self.lanes: dict[Message, Lane] = {}
        self._questions: dict[str, QuestionReporter] = {}
        self._trouble = Trouble()
        self._publisher = Publisher(Outbox(limit), _this_run(), find, self._so_far, self._trouble)
        self._flusher = Flusher(self._publisher, self._is_busy, self._reached)
        self._listener = Listener(lambda: self._publisher.producer, find, self._is_busy, self._obey)

    @property
    def is_over(self) -> bool:
        """Whether its run is over and nothing is open."""
        return self._run_id != run.id and not self._is_busy()

    def open(self, message: Message) -> None:
        """Open a message."""
        lane = self.lanes[message] = Lane(message, self._flusher.put)
        self._flusher.put(lane)
        self._flusher.ensure_running()

    def close(self, message: Message, outcome: Outcome) -> None:
        """Close a message."""
        lane = self.lanes.pop(message, None)
        if lane is not None:
            lane.end(outcome)

    def ask(self, question: Question) -> None:
        """Ask the user in Studio, until the question is settled."""
        reporter = self._questions[question.id] = QuestionReporter(question, self._flusher.put)
        self._flusher.put(reporter)
        self._flusher.ensure_running()
        question.when_over(lambda: self._over(reporter))

    def finish(self, seconds: float) -> None:
        """Close what is open and send what is left, for at most `seconds`."""
        for message in list(self.lanes):
            self.close(message, Outcome("cancelled"))
        self.leave()
        if not self._flusher.finish(seconds):
            self._trouble.unfinished()

    def leave(self) -> None:
        """Let the threads send what is left and end. Does not wait."""
        self._listener.end()
        self._flusher.put(_ByeSource())
        self._flusher.end()

    def _over(self, reporter: QuestionReporter) -> None:
        self._questions.pop(reporter.question.id, None)
        reporter.over()

    def _is_busy(self) -> bool:
        return bool(self.lanes or self._questions)

    def _reached(self) -> None:
        if self._is_busy():
            self._listener.ensure_running()

    def _so_far(self) -> list[frames.Frame]:
        sources: list[Lane | QuestionReporter] = [*self.lanes.values(), *self._questions.values()]
        return [frame for source in sources for frame in source.resend()]

    def _obey(self, command: frames.Command) -> None:
        if isinstance(command, frames.Cancel):
            for message in list(self.lanes):
                if message.id == command.message:
                    message.cancel()
        else:
            reporter = self._questions.get(command.question)
            if reporter is not None:
                reporter.answer(command.value)


class _ByeSource:
    def take(self, *, room: bool) -> list[frames.Frame]:
        return [frames.Bye(at=time.time())]


def _this_run() -> frames.RunInfo:
    program = None
    with suppress(AttributeError, IndexError):  # neither need exist where Python is embedded
        program = Path(sys.argv[0]).name or None
    return frames.RunInfo(
        id=run.id,
        project=run.project,
        name=run.name,
        program=program,
        pid=os.getpid(),
        host=socket.gethostname(),
        started=time.time(),
    )
