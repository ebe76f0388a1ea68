"""A producer: how far its log is taken in, whether it is live, and how its frames are handled."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from modelstream_studio import frames
from modelstream_studio.server import limits
from modelstream_studio.server.messages import LiveMessage
from modelstream_studio.server.rows import producer_statement, question_statement
from modelstream_studio.server.views import Message, Question

if TYPE_CHECKING:
    from modelstream_studio.server.hub import Hub
    from modelstream_studio.server.runs import LiveRun

ProducerState = Literal["live", "finished", "lost"]


class RefusedError(Exception):
    """A frame is invalid; the message says why."""


class Producer:
    """One sink in one process. Frames up to `applied` are taken in, those up to `stored` are in the store."""

    def __init__(self, id: str, run: LiveRun, hub: Hub, applied: int = 0) -> None:  # noqa: A002
        self.id = id
        self.run = run
        self.applied = applied
        self.stored = applied
        self.state: ProducerState = "live"
        self.seen = time.monotonic()
        self.messages: dict[str, LiveMessage] = {}
        self.questions: dict[str, Question] = {}
        self.bytes_left = limits.Bucket(limits.RATE, limits.BURST)
        self.batches_left = limits.Bucket(limits.BATCHES, 10 * limits.BATCHES)
        self._hub = hub
        run.producers.add(id)

    def take(self, frame: frames.AnyFrame) -> None:
        """Take in one frame. Raises `RefusedError` if it is invalid."""
        _HANDLERS[type(frame)](self, frame)

    def store_later(self) -> None:
        """Store how far the producer is."""
        self._hub.store_later(producer_statement(self.id, self.run.view.id, self.applied, self.state))

    def lose(self) -> None:
        """Mark the producer as lost: it was silent for too long."""
        self._leave("lost")

    def returns(self, last: int) -> bool:
        """Whether a batch up to frame `last` shows that the producer is alive after all."""
        return self.state == "lost" or (self.state == "finished" and last > self.applied)

    def revive(self) -> None:
        """Continue a producer that is back, with everything that was cut when it was lost."""
        if self.state == "live":
            return
        self.state = "live"
        # Meanwhile its run may have been removed from memory.
        self.run = self._hub.run(self.run.view.id) or self.run
        self.run.producers.add(self.id)
        self.run.view.state = "live"
        self.recall("cut")
        self.store_later()
        self.run.changed()

    def answer(self, question: Question, value: Any) -> None:
        """Record the user's answer in Studio. The producer reports whether it was the first."""
        self.run.over(question, "answered", value)
        self._hub.store_later(question_statement(question, self.id))

    def recall(self, state: Literal["cut", "live"]) -> None:
        """Continue the messages and questions that the store has in this state."""
        for message in self._hub.archive.messages_of(self.id, state):
            self._begin(message)
            self._hub.store_later(message.revive_statement())
        for question in self._hub.archive.questions_of(self.id, "cut" if state == "cut" else "open"):
            self.questions[question.id] = question
            self.run.ask(question)
            self._hub.store_later(question_statement(question, self.id))

    def _leave(self, state: ProducerState) -> None:
        self.state = state
        for message in list(self.messages.values()):
            message.cut(time.time())
            self._end(message)
        for question in [one for one in self.questions.values() if one.state == "open"]:
            self._over(question, "withdrawn", stored_as="cut")
        self.questions = {}
        self.run.producers.discard(self.id)
        if not self.run.producers:
            self.run.view.state = state
        self.run.changed()
        self.store_later()

    def _open(self, frame: frames.Open) -> None:
        if len(self.messages) >= limits.OPEN_MESSAGES:
            raise RefusedError(f"{limits.OPEN_MESSAGES} messages are open already")
        view = _view(frame, self.run.view.id)
        message = self._restarted(view)
        if message is None:
            message = LiveMessage(self._hub.next_key(), self.id, view)
            self.run.view.messages += 1
        for statement in message.begin_statements():
            self._hub.store_later(statement)
        self._begin(message)

    def _restarted(self, view: Message) -> LiveMessage | None:
        """An existing message with this id, of any producer, to start over in its place."""
        existing = self.run.messages.get(view.id)
        if existing is not None:
            key, view.usage = existing.key, existing.view.usage
            writer = self._hub.producers.get(existing.producer)
            if writer is not None and writer.messages.pop(view.id, None) is not None:
                self.run.forget(existing)
        else:
            found = self._hub.archive.trace(self.run.view.id, view.id)
            if found is None:
                return None
            key, view.usage = found
        return LiveMessage(key, self.id, view)

    def _begin(self, message: LiveMessage) -> None:
        message.producer = self.id
        self.messages[message.view.id] = message
        self.run.begin(message)

    def _text(self, frame: frames.Text) -> None:
        self._touched(frame.message).add_text(frame)

    def _fresh(self, frame: frames.Fresh) -> None:
        self._touched(frame.message).replace_text(frame.text)

    def _reasoning(self, frame: frames.Reasoning) -> None:
        self._touched(frame.message).add_reasoning(frame)

    def _tool(self, frame: frames.Tool) -> None:
        self._touched(frame.message).add_tool(frame)

    def _gap(self, frame: frames.Gap) -> None:
        self._touched(frame.message).add_gap(frame)

    def _usage(self, frame: frames.UsageSoFar) -> None:
        self.run.count(self._message(frame.message), frame.usage)

    def _close(self, frame: frames.Close) -> None:
        message = self._message(frame.message)
        if frame.usage is not None:
            self.run.count(message, frame.usage)
        message.end(frame)
        self._end(message)

    def _end(self, message: LiveMessage) -> None:
        del self.messages[message.view.id]
        self._hub.end(self.run, message)
        self._hub.commands.settled(self.id, message.view.id)

    def _ask(self, frame: frames.Ask) -> None:
        if frame.question in self.questions:
            return
        if len(self.questions) >= limits.OPEN_QUESTIONS:
            raise RefusedError(f"{limits.OPEN_QUESTIONS} questions are open already")
        schema = frame.schema if _small(frame.schema) else None
        question = Question(
            id=frame.question,
            run=self.run.view.id,
            name=frame.name[: limits.NAME],
            prompt=frame.prompt[: limits.PROMPT],
            schema=schema,
            at=frame.at,
        )
        self.questions[question.id] = question
        self.run.ask(question)
        self._hub.store_later(question_statement(question, self.id))

    def _answered(self, frame: frames.Answered) -> None:
        question = self._question(frame.question)
        self._over(question, "answered", frame.value)
        self._hub.commands.settled(self.id, question.id)

    def _withdrawn(self, frame: frames.Withdrawn) -> None:
        question = self._question(frame.question)
        self._over(question, "withdrawn")
        self._hub.commands.settled(self.id, question.id)

    def _over(
        self,
        question: Question,
        state: Literal["answered", "withdrawn"],
        value: Any = None,
        stored_as: str | None = None,
    ) -> None:
        self.questions.pop(question.id, None)
        self.run.over(question, state, value)
        self._hub.store_later(question_statement(question, self.id, stored_as))

    def _bye(self, frame: frames.Bye) -> None:
        self._leave("finished")

    def _message(self, id: str) -> LiveMessage:  # noqa: A002
        message = self.messages.get(id)
        if message is None:
            raise RefusedError(f"no message {id[:50]!r} is open")
        return message

    def _touched(self, id: str) -> LiveMessage:  # noqa: A002
        message = self._message(id)
        self.run.touch(message)
        return message

    def _question(self, id: str) -> Question:  # noqa: A002
        question = self.questions.get(id) or self._hub.archive.question(self.id, id)
        if question is None:
            raise RefusedError(f"there is no question {id[:50]!r}")
        return question


_HANDLERS: dict[type, Callable[[Producer, Any], None]] = {
    frames.Open: Producer._open,  # noqa: SLF001
    frames.Text: Producer._text,  # noqa: SLF001
    frames.Fresh: Producer._fresh,  # noqa: SLF001
    frames.Reasoning: Producer._reasoning,  # noqa: SLF001
    frames.Tool: Producer._tool,  # noqa: SLF001
    frames.Gap: Producer._gap,  # noqa: SLF001
    frames.UsageSoFar: Producer._usage,  # noqa: SLF001
    frames.Close: Producer._close,  # noqa: SLF001
    frames.Ask: Producer._ask,  # noqa: SLF001
    frames.Answered: Producer._answered,  # noqa: SLF001
    frames.Withdrawn: Producer._withdrawn,  # noqa: SLF001
    frames.Bye: Producer._bye,  # noqa: SLF001
}


def _view(frame: frames.Open, run: str) -> Message:
    def cut(name: str | None) -> str | None:
        return name and name[: limits.NAME]

    return Message(
        id=frame.message,
        run=run,
        name=frame.name[: limits.NAME],
        role=frame.role[: limits.NAME],
        agent=cut(frame.agent),
        model_type=cut(frame.model_type),
        model_name=cut(frame.model_name),
        started=frame.at,
        metadata=frame.metadata if _small(frame.metadata) else {},
    )


def _small(value: Any) -> bool:
    return value is None or len(msgspec.json.encode(value)) <= limits.METADATA
