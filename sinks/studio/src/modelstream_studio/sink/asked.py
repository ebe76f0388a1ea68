"""One question on its way to Studio, and its answer on the way back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from modelstream_studio import frames
from modelstream_studio.sink.plain import as_plain, clipped

if TYPE_CHECKING:
    from modelstream.sinks.question import Question

_NOTHING = object()


class Asked:
    """Tells Studio of a question, and of its end; gives the question the answer that comes from there."""

    def __init__(self, question: Question, announce: Callable[[Asked], None]) -> None:
        self.question = question
        self._at = time.time()
        self._told = self._told_over = False
        self._from_studio: Any = _NOTHING
        self._announce = announce

    def answer(self, value: Any) -> None:
        """Somebody has answered in Studio. Too late is too late."""
        self._from_studio = value
        self.question.answer(value)

    def over(self) -> None:
        """The question need not be asked any more."""
        self._announce(self)

    def take(self, *, room: bool) -> Iterator[frames.Frame]:
        """What has come since the last time."""
        if not self._told:
            self._told = True
            yield from self.again()
        if self.question.over and not self._told_over:
            self._told_over = True
            yield self._end()

    def again(self) -> list[frames.Frame]:
        """The question, for a Studio that knows nothing of it."""
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
