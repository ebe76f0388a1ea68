"""What stands between the core and a sink."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from modelstream.errors import ConfigError
from modelstream.sinks.delivery.reports import name_of

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
        """Whether nothing is delivered any more: the sink failed too often, or was shut down."""

    @property
    def ended(self) -> bool:
        """Whether it was shut down."""

    @property
    def can_ask(self) -> bool:
        """Whether the sink can ask the user."""

    def ask(self, question: Question) -> None:
        """Have the sink ask."""

    def after(self, callback: Callable[[], None]) -> None:
        """Have `callback` called when all that was delivered up to now has reached the sink."""

    def end(self, callback: Callable[[], None]) -> None:
        """Close what is open, shut the sink down, then call `callback`."""


def delivery_of(sink: StreamSink) -> Delivery:
    """The delivery to this sink: always the same one, for failures and threads are the sink's own."""
    # On the sink itself, so that it lives exactly as long; a subclass need not call our __init__.
    found: Delivery | None = sink.__dict__.get("_delivery")
    if found is None or found.sink is not sink:  # a copy has a copy of what the other has
        with _lock:
            found = sink.__dict__.get("_delivery")
            if found is None or found.sink is not sink:
                found = sink.__dict__["_delivery"] = _new_delivery(sink)
    return found


def use_again(sink: StreamSink) -> None:
    """Somebody gives a sink that may have been shut down: then it begins anew."""
    delivery: Delivery | None = sink.__dict__.get("_delivery")
    if delivery is not None and delivery.ended:
        del sink.__dict__["_delivery"]


_lock = threading.Lock()


def _new_delivery(sink: StreamSink) -> Delivery:
    _check(sink, "delivery", sink.delivery in ("inline", "background"), "'inline' or 'background'")
    _check(sink, "when_full", sink.when_full in ("coalesce", "block"), "'coalesce' or 'block'")
    limit = sink.queue_limit
    _check(sink, "queue_limit", type(limit) is int and limit > 0, "a whole number, 1 or more")
    for method in ("open", "write", "write_delta", "close", "ask", "shutdown"):
        if inspect.iscoroutinefunction(getattr(sink, method)):
            raise ConfigError(
                f"Sink {name_of(sink)}: {method} is an async method; sinks are called from threads."
            )
    if sink.delivery == "inline":
        from modelstream.sinks.delivery.inline import InlineDelivery

        return InlineDelivery(sink)
    from modelstream.sinks.delivery.background import BackgroundDelivery

    return BackgroundDelivery(sink)


def _check(sink: StreamSink, field: str, right: bool, expected: str) -> None:
    if not right:
        raise ConfigError(f"Sink {name_of(sink)}: {field} is {getattr(sink, field)!r}; expected {expected}.")
