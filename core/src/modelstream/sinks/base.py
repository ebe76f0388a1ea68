"""The contract of an output target."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec

from modelstream.hookspecs import hookimpl

if TYPE_CHECKING:
    from modelstream.deltas import Delta, FinishReason, ToolCall, Usage
    from modelstream.sinks.question import Question
    from modelstream.snapshot import Snapshot

State = Literal["complete", "failed", "cancelled"]


class Message:
    """One answer on its way to the sinks: all of its snapshots share this object and its `id`.

    `name` and `role` are the speaker's, `model_type` and `model_name` the model's (None for text that the
    program wrote itself), `started` is in seconds since the epoch. `cancel()` ends the stream that writes
    the message, from any thread; it does nothing when the answer is complete.
    """

    __slots__ = ("_cancel", "id", "metadata", "model_name", "model_type", "name", "role", "started")

    def __init__(
        self,
        name: str = "assistant",
        role: str = "assistant",
        *,
        id: str | None = None,  # noqa: A002
        model_type: str | None = None,
        model_name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        cancel: Callable[[], None] | None = None,
    ) -> None:
        self.id: str = id or uuid.uuid4().hex
        self.name: str = name
        self.role: str = role
        self.model_type: str | None = model_type
        self.model_name: str | None = model_name
        self.metadata: dict[str, Any] = dict(metadata or {})
        self.started: float = time.time()
        self._cancel = cancel

    def cancel(self) -> None:
        """End the stream that is being shown. Safe from any thread, and more than once."""
        if self._cancel is not None:
            self._cancel()

    def attach(
        self, cancel: Callable[[], None], model_type: str | None = None, model_name: str | None = None
    ) -> None:
        """Set the stream that writes the message, if it is not known yet. Internal."""
        self._cancel = self._cancel or cancel
        self.model_type = self.model_type or model_type
        self.model_name = self.model_name or model_name

    def __repr__(self) -> str:
        return f"Message({self.name!r}, id={self.id!r})"


class Outcome(msgspec.Struct, frozen=True):
    """How a message ended.

    `complete` only if the provider reported it; then `finish_reason` is set. `failed` and `cancelled` carry
    the `error`; if it is a `StreamError`, its `partial_text` is what was shown. `cancelled` without an
    error: the sink was shut down before the message ended.
    """

    state: State
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    error: BaseException | None = None
    tool_calls: tuple[ToolCall, ...] = ()


class StreamSink:
    """An output target: a terminal, a file, a web page.

        class Upper(StreamSink):
            sink_type = "upper"

            def write(self, message, snapshot):
                print(snapshot.delta.upper(), end="", flush=True)

        modelstream.init(sinks=[Upper()])

    `write` is the only required method. The core calls, per message and in this order: `open` once, `write`
    for text and `write_delta` for any other delta as they come, `close` exactly once, in every case. Calls
    for one message never overlap; messages of several agents interleave.

    `delivery` decides where the methods run. An `inline` sink runs where the stream is read: it must be
    quick, must not block, and may be called from several threads. A `background` sink has its own thread
    and queue, and gets one call at a time. The stream does not wait for it. Its queue is coalesced when it
    holds `queue_limit` items, or when they have waited for more than a tenth of a second: neighbouring texts
    become one snapshot, and so on, so that the sink catches up and nothing is lost.

    A method that raises is logged once per message; after three failures in a row the sink is switched
    off. Neither affects the stream or the other sinks.
    """

    sink_type: ClassVar[str] = ""
    delivery: Literal["inline", "background"] = "background"
    queue_limit: int = 1000

    def open(self, message: Message) -> None:
        """Begin a message."""

    def write(self, message: Message, snapshot: Snapshot) -> None:
        """Show a snapshot. The one with `last=True` has an empty delta and is the message's last.

        `snapshot.delta` is the new text, and costs nothing; `snapshot.text` is joined on access.
        """
        raise TypeError(f"{type(self).__name__} has no write(message, snapshot) method")

    def write_delta(self, message: Message, delta: Delta) -> None:
        """Show a delta that is not text: reasoning, a piece of a tool call, or usage."""

    def close(self, message: Message, outcome: Outcome) -> None:
        """End the message: it is complete, failed or cancelled. Called exactly once."""

    def ask(self, question: Question) -> None:
        """Start to ask the user and return at once; call `question.answer` when there is an answer.

        Questions go only to sinks that override this. Other sinks may show the same question:
        `question.when_over` reports that it is settled.
        """

    def shutdown(self) -> None:
        """Flush and release resources: the program ends, or `init` replaces the sinks."""

    @classmethod
    @hookimpl
    def modelstream_stream_sink(cls, options: Mapping[str, Any]) -> StreamSink:
        """The hook's implementation for a plain subclass: `cls(**options)`."""
        return cls(**options)
