"""One question to the user in Studio, and its answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from modelstream_studio import frames
from modelstream_studio.sink.plain import as_plain, clipped

if TYPE_CHECKING:
    from modelstream.sinks.question import Question

_NOTHING = object()


class QuestionReporter:
    """Reports a question and its end to Studio, and passes Studio's answer to the question."""

    def __init__(self, question: Question, announce: Callable[[QuestionReporter], None]) -> None:
        self.question = question
        self._at = time.time()
        self._sent = self._end_sent = False
        self._from_studio: Any = _NOTHING
        self._announce = announce

    def answer(self, value: Any) -> None:
        """Pass on an answer from Studio; ignored if it comes too late."""
        self._from_studio = value
        self.question.answer(value)

    def over(self) -> None:
        """Report that the question is over."""
        self._announce(self)

    def take(self, *, room: bool) -> Iterator[frames.Frame]:
        """Take the frames since the last call."""
        if not self._sent:
            self._sent = True
            yield from self.resend()
        if self.question.over and not self._end_sent:
            self._end_sent = True
            yield self._end()

    def resend(self) -> list[frames.Frame]:
        """The question, for a Studio that has lost it."""
        question = self.question
        return [
            frames.Ask(
                question=question.id,
                name=question.name,
                prompt=clipped(question.prompt),
                at=self._at,
                schema=as_plain(question.schema),
            )
        ]

    def _end(self) -> frames.Frame:
        question = self.question
        if not question.answered:
            return frames.Withdrawn(question=question.id)
        elsewhere = question.value is not self._from_studio
        return frames.Answered(question=question.id, value=as_plain(question.value), elsewhere=elsewhere)
