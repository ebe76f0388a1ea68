"""Offering a question to all sinks that can ask it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from modelstream.sinks.delivery import delivery_of

if TYPE_CHECKING:
    from modelstream.sinks.base import StreamSink
    from modelstream.sinks.question import Question


def ask(question: Question, sinks: Iterable[StreamSink]) -> int:
    """Offer the question to every sink that can ask, and return their number at once.

    A sink that raises is logged and counts as one that can't ask. When no sink is left that might ask, the
    question is cancelled, so that no caller waits for ever.
    """
    asking = [delivery for delivery in map(delivery_of, sinks) if delivery.can_ask]
    question.add_askers(len(asking))
    for delivery in asking:
        delivery.ask(question)
    return len(asking)
