"""How items reach a sink: one `Delivery` for each sink, shared by all messages.

* `inline.py` calls the sink where the stream is read; it counts failures and switches the sink off.
* `background.py` gives the sink a thread (`worker.py`), which reads message queues (`queue.py`).
* `coalesce.py` merges what waits for a slow sink; `waiting.py` waits for sinks, with a timeout.
* `questions.py` offers a question to all sinks that can ask it.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from modelstream.errors import ConfigError
from modelstream.sinks.reports import name_of

if TYPE_CHECKING:
    from modelstream.sinks.base import StreamSink
    from modelstream.sinks.question import Question


class Delivery(Protocol):
    """What inline and background delivery have in common. No method raises what the sink raises."""

    @property
    def sink(self) -> StreamSink:
        """The sink."""

    @property
    def off(self) -> bool:
        """Whether delivery has stopped: the sink failed too often, or was shut down."""

    @property
    def ended(self) -> bool:
        """Whether it was shut down."""

    @property
    def can_ask(self) -> bool:
        """Whether the sink can ask the user."""

    def ask(self, question: Question) -> None:
        """Let the sink ask the user."""

    def after(self, callback: Callable[[], None]) -> None:
        """Call `callback` once everything delivered so far has reached the sink."""

    def end(self, callback: Callable[[], None]) -> None:
        """Close all open messages, shut the sink down, then call `callback`."""


def delivery_of(sink: StreamSink) -> Delivery:
    """The delivery for this sink: always the same object, since failures and threads belong to the sink."""
    # On the sink itself, so that it lives exactly as long; a subclass need not call our __init__.
    found: Delivery | None = sink.__dict__.get("_delivery")
    if found is None or found.sink is not sink:  # a copied sink carries the original's delivery
        with _lock:
            found = sink.__dict__.get("_delivery")
            if found is None or found.sink is not sink:
                found = sink.__dict__["_delivery"] = _new_delivery(sink)
    return found


def reopen(sink: StreamSink) -> None:
    """Allow a sink that was shut down to be used again."""
    delivery: Delivery | None = sink.__dict__.get("_delivery")
    if delivery is not None and delivery.ended:
        del sink.__dict__["_delivery"]


_lock = threading.Lock()


def _new_delivery(sink: StreamSink) -> Delivery:
    validate(sink)
    if sink.delivery == "inline":
        from modelstream.sinks.delivery.inline import InlineDelivery

        return InlineDelivery(sink)
    from modelstream.sinks.delivery.background import BackgroundDelivery

    return BackgroundDelivery(sink)


def validate(sink: StreamSink) -> None:
    """Raise `ConfigError` if the sink's attributes or methods do not allow delivery."""
    _check(sink, "delivery", sink.delivery in ("inline", "background"), "'inline' or 'background'")
    _reject_when_full(sink)
    limit = sink.queue_limit
    _check(sink, "queue_limit", type(limit) is int and limit > 0, "a whole number, 1 or more")
    for method in ("open", "write", "write_delta", "close", "ask", "shutdown"):
        if inspect.iscoroutinefunction(getattr(sink, method)):
            raise ConfigError(
                f"Sink {name_of(sink)}: {method} is an async method; sinks are called from threads."
            )


def _reject_when_full(sink: StreamSink) -> None:
    when_full = getattr(sink, "when_full", "coalesce")
    if when_full != "coalesce":
        raise ConfigError(
            f"Sink {name_of(sink)}: when_full={when_full!r} is unsupported; omit it."
            "\nA background sink that falls behind gets its deltas coalesced, and no text is lost."
        )


def _check(sink: StreamSink, field: str, valid: bool, expected: str) -> None:
    if not valid:
        raise ConfigError(f"Sink {name_of(sink)}: {field} is {getattr(sink, field)!r}; expected {expected}.")
