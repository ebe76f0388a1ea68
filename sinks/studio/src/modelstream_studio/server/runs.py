"""A run in memory: its summary, and its open messages and questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from modelstream_studio.frames import Counts, RunInfo
from modelstream_studio.server import limits
from modelstream_studio.server.rows import run_statement
from modelstream_studio.server.views import (
    MessageOp,
    Op,
    Question,
    QuestionOp,
    QuestionOverOp,
    QuestionState,
    Run,
    RunOp,
)

if TYPE_CHECKING:
    from modelstream_studio.server.messages import LiveMessage
    from modelstream_studio.server.store import Statement


class LiveRun:
    """A run in memory, without what is finished and stored."""

    def __init__(self, view: Run) -> None:
        self.view = view
        self.messages: dict[str, LiveMessage] = {}
        self.questions: dict[str, Question] = {}
        self.producers: set[str] = set()
        self._ops: list[Op] = []
        self._touched: dict[str, LiveMessage] = {}
        self._over: dict[str, LiveMessage] = {}
        self._changed = False

    def begin(self, message: LiveMessage) -> None:
        """Add a message that is being written: a new one, or one that was over."""
        self.messages[message.view.id] = message
        self.view.live += 1
        if message.view.name not in self.view.agents and len(self.view.agents) < limits.AGENTS:
            self.view.agents.append(message.view.name)
        self.op(MessageOp(message.snapshot()))

    def forget(self, message: LiveMessage) -> None:
        """Drop a message that is about to start over."""
        self._touched.pop(message.view.id, None)
        self.view.live -= 1

    def end(self, message: LiveMessage, statements: list[Statement]) -> None:
        """End a message; its view has the state."""
        self._touched.pop(message.view.id, None)
        message.finish(self._ops, statements)
        self._over[message.view.id] = message
        self.view.live -= 1
        self._changed = True

    def touch(self, message: LiveMessage) -> None:
        """Mark a message as changed."""
        self._touched[message.view.id] = message

    def count(self, message: LiveMessage, usage: Counts) -> None:
        """Set a message's token counts."""
        before = message.view.usage or Counts()
        self.view.input_tokens += (usage.input_tokens or 0) - (before.input_tokens or 0)
        self.view.output_tokens += (usage.output_tokens or 0) - (before.output_tokens or 0)
        message.set_usage(usage)
        self.touch(message)
        self._changed = True

    def ask(self, question: Question) -> None:
        """Open a question."""
        question.state = "open"
        self.questions[question.id] = question
        self.view.questions += 1
        self.op(QuestionOp(question))

    def over(self, question: Question, state: QuestionState, value: object = None) -> None:
        """Settle a question, or correct its answer."""
        if question.state == "open":
            self.view.questions -= 1
        question.state = state
        question.value = value
        self.op(QuestionOverOp(question.id, value, state))

    def op(self, op: Op) -> None:
        """Add an op that also changes the summary."""
        self._ops.append(op)
        self._changed = True

    def changed(self) -> None:
        """Mark the summary as changed."""
        self._changed = True

    def take_changes(self, statements: list[Statement]) -> tuple[list[Op], Run | None]:
        """Take the ops since the last call, and the summary if it changed."""
        for message in self._touched.values():
            message.flush(self._ops, statements)
        self._touched = {}
        ops, self._ops = self._ops, []
        summary = None
        if self._changed:
            summary = msgspec.structs.replace(self.view, agents=list(self.view.agents))
            statements.append(run_statement(summary))
            ops.append(RunOp(summary))
        self._changed = False
        return ops, summary

    def take_ended(self) -> list[LiveMessage]:
        """Take the messages that ended since the last call; once stored, they can be released."""
        over, self._over = self._over, {}
        return list(over.values())

    def release(self, messages: list[LiveMessage]) -> None:
        """Drop these messages, which are stored, and the settled questions."""
        for message in messages:
            if self.messages.get(message.view.id) is message and not message.live:
                del self.messages[message.view.id]
        self.questions = {id_: one for id_, one in self.questions.items() if one.state == "open"}

    @property
    def can_be_dropped(self) -> bool:
        """Whether it can be removed from memory."""
        return not (self.producers or self.messages or self.questions or self._ops or self._changed)


def new_run(info: RunInfo, now: float) -> Run:
    """The summary of a new run."""

    def cut(name: str | None, otherwise: str = "") -> str:
        return (name or otherwise)[: limits.NAME]

    return Run(
        id=info.id,
        project=cut(info.project, "default"),
        name=cut(info.name, info.program or info.id[:8]),
        program=cut(info.program),
        pid=info.pid,
        host=cut(info.host),
        started=info.started or now,
        seen=now,
    )
