"""The deltas of one call so far: one writer, any number of concurrent readers.

The transcript is the one buffer between a provider and its readers. It only grows, so a reader is a
position in it; a late reader, a second reader and a replay are the same thing. It also joins characters
that a provider split, assembles tool calls, and records how the call ended.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from contextlib import suppress

from modelstream.call.delta_log import BLOCK, DeltaLog, Item
from modelstream.call.held import Batch, Held
from modelstream.call.surrogates import SurrogateJoiner
from modelstream.call.tool_calls import ToolCalls
from modelstream.call.validate import validate
from modelstream.deltas import (
    FINISH_REASONS,
    Delta,
    Finish,
    ReasoningDelta,
    StateDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
    UsageDelta,
    Yielded,
)
from modelstream.errors import (
    ConnectionLostError,
    MalformedDataError,
    StreamCancelledError,
    StreamError,
    StreamTimeoutError,
)

logger = logging.getLogger("modelstream")


class Transcript:
    """The deltas of a call, and how it ended.

    `count` is the number of deltas so far. `finish` is the provider's end marker once it was seen; `ended` is
    true when no more deltas will follow, and then either `error` or `finish` is set: the first one wins, and
    later deltas are dropped. `held` is a finish that takes effect unless more arrives, and `holds` counts how
    often it changed. `answered` tells whether the provider has accepted the current attempt, and `quiet`
    counts the deltas that show nothing: token counts and state. `shown` is how many characters of the text
    the fastest reader has read; `readings` counts the active readers, `readings_begun` all that ever began.
    `state` is what the provider must get back; `owner` returns the dialect and base URL that it belongs to.
    """

    __slots__ = (
        "__weakref__",
        "_early",
        "_ending",
        "_items",
        "_joiners",
        "_plain",
        "_reasoning",
        "_tool_calls",
        "answered",
        "count",
        "ended",
        "error",
        "finish",
        "held",
        "holds",
        "ignored",
        "log",
        "model_type",
        "opened",
        "owner",
        "quiet",
        "readings",
        "readings_begun",
        "shown",
        "state",
        "usage",
        "waiters",
    )

    def __init__(
        self, model_type: str | None = None, owner: Callable[[], tuple[str, str]] | None = None
    ) -> None:
        self.model_type = model_type
        self.owner = owner
        self.count: int = 0
        self.quiet: int = 0
        self.opened: bool = False
        self.answered: bool = False
        self.ended: bool = False
        self.error: StreamError | None = None
        self.finish: Finish | None = None
        self.held: Held | None = None
        self.holds: int = 0
        self.usage: Usage | None = None
        self.state: list[StateDelta] = []
        # State that came before all but counts: it is not shown, so the call may still be tried again.
        self._early: list[StateDelta] = []
        self.ignored: int = 0
        self.shown: int = 0
        self.readings: int = 0
        self.readings_begun: int = 0
        self.log: DeltaLog = DeltaLog()
        # The list in the log that is currently filled.
        self._items: list[Item] = self.log.newest[1]
        self._reasoning: list[str] = []
        self._tool_calls = ToolCalls()
        self._joiners: dict[object, SurrogateJoiner] = {}
        self.waiters: list[Callable[[], None]] = []
        # Reentrant: a signal handler or the garbage collector may end the call while its thread is ending it.
        self._ending = threading.RLock()
        # Whether text may be added without checks: the call is open, no half character or state pending, no
        # end marker.
        self._plain = False

    # Writing: one thread at a time, except for `fail`, which any thread may call

    def extend(self, item: Yielded) -> None:
        """Add what a wrapper yielded: a delta, a list of deltas, or None.

        The most common kind, text without half characters, is added directly.
        """
        if type(item) is str and self._plain and item and (item.isascii() or not _halves(item)):
            self._items.append(item)
            self.count = count = self.count + 1
            if not count % BLOCK:
                self._items = self.log.fold()
            return
        if self.ended:
            return
        if not self.answered:
            self.opened = self.answered = self._plain = True
        if type(item) is Batch:
            self._add_batch(item)
        elif isinstance(item, list):
            self._add_list(item)
        elif item is not None:
            self._add_checked(item)

    def _add_list(self, items: list[str | Delta]) -> None:
        if not (self._plain and self._add_texts(items)):
            for one in items:
                self._add_checked(one)

    def _add_batch(self, batch: Batch) -> None:
        with self._ending:  # `fail` may be completing the call in another thread, with the finish held so far
            self.held = None
            self.holds += 1
            if self.ended:
                return
        self._add_list(batch)
        self.held = batch.held

    def end(self) -> None:
        """End the call: the provider has reported that the answer is complete."""
        with self._ending:
            self._end()
        self.wake()

    def fail(self, error: StreamError) -> None:
        """End the call with `error`, which gets the text received before it.

        A complete answer stays complete: errors after the end marker are ignored. So is the loss of the
        connection, a timeout or a cancellation while a strong finish is held, which then takes effect.
        """
        with self._ending:
            if self.ended:
                return
            if self.held is not None and self.held.strong and isinstance(error, _HARMLESS):
                self._finish(self.held.finish)
            if self.finish is None:
                if error.raw_finish_reason is None and self.held is not None:
                    error.raw_finish_reason = self.held.finish.raw or self.held.finish.reason
                error.attach_call(self)
                self.error = error
            self._end()
        self.wake()

    def reset_attempt(self) -> None:
        """Drop what a failed attempt has left before the next one.

        Half characters, counts, state and a held finish.
        """
        self._joiners.clear()
        self._early, self.state = [], []
        self._reset_plain()
        self.held = None
        self.usage = None
        self.answered = self._plain = False

    def _end(self) -> None:
        if self.count:
            self._add_early()
        self.ended = True
        self._plain = False

    def _reset_plain(self) -> None:
        self._plain = self.opened and not (self._joiners or self._early or self.ended)

    def _add(self, item: Item) -> None:
        if self._early and not isinstance(item, UsageDelta):
            self._add_early()
        self._items.append(item)
        self.count += 1
        if not self.count % BLOCK:
            self._items = self.log.fold()

    def _add_early(self) -> None:
        early, self._early = self._early, []
        for state in early:
            self._add(state)
        self._reset_plain()

    def _add_checked(self, one: str | Delta) -> None:
        if self.finish is not None and not isinstance(one, UsageDelta | StateDelta):
            if not self.ignored:
                logger.warning(
                    "%s: the model wrapper yielded %s after its Finish: it is not shown",
                    self.model_type or "a model",
                    type(one).__name__,
                )
            self.ignored += 1
            return
        if type(one) is not str:
            one = validate(one)
        if isinstance(one, str):
            self._add_text(one)
        elif isinstance(one, TextDelta):
            self._add_text(one.text)
        else:
            self._add_other(one)

    def _add_texts(self, texts: list[str | Delta]) -> bool:
        """Add a list of plain texts at once; False if it has other items or half characters."""
        room = BLOCK - len(self._items)
        if len(texts) > room:  # block by block
            for start in range(room - BLOCK, len(texts), BLOCK):
                self.extend(texts[max(start, 0) : start + BLOCK])
            return True
        if set(map(type, texts)) != {str} or "" in texts:
            return False
        text = "".join(texts)  # type: ignore[arg-type]
        if not text.isascii() and _halves(text):
            return False
        self._items += texts
        self.count += len(texts)
        if not self.count % BLOCK:
            self._items = self.log.fold()
        return True

    def _add_text(self, text: str) -> None:
        if self._joiners or not text.isascii():
            text = self._join("text", text)
        if text:
            self._add(text)

    def _add_other(self, one: ReasoningDelta | ToolCallDelta | UsageDelta | StateDelta | Finish) -> None:
        if isinstance(one, StateDelta):
            self._add_state(one)
            return
        if isinstance(one, UsageDelta):
            self.usage = (self.usage or Usage()).updated(one)
            self.quiet += 1
        elif isinstance(one, ReasoningDelta):
            text = self._join("reasoning", one.text)
            if not text:
                return
            one = one if text is one.text else ReasoningDelta(text)
            self._reasoning.append(text)
        elif isinstance(one, ToolCallDelta):
            one = self._tool_calls.add(one, self._join(one.index, one.arguments))
        else:
            self._finish(one)
            return
        self._add(one)

    def _add_state(self, delta: StateDelta) -> None:
        if delta.dialect is None:
            dialect, base_url = self.owner() if self.owner is not None else (self.model_type or "", "")
            delta = StateDelta(delta.state, delta.reasoning, dialect, base_url)
        self.state.append(delta)
        if self.shows:
            self._add(delta)
        else:
            self._early.append(delta)
            self._plain = False

    def _finish(self, finish: Finish) -> None:
        if finish.reason not in FINISH_REASONS:
            raise MalformedDataError(
                f"Finish.reason is {finish.reason!r}; expected one of {', '.join(sorted(FINISH_REASONS))}"
            )
        self._close_joiners()
        with self._ending:  # so that a call is complete or cancelled, and never both
            self.finish = finish
            self._plain = False
            if self.error is None:
                self._add(finish)
            else:
                self.finish = None

    def _join(self, channel: object, text: str) -> str:
        joiner = self._joiners.get(channel)
        if joiner is None:
            if text.isascii() or not _halves(text):
                return text
            joiner = self._joiners[channel] = SurrogateJoiner()
        joined = joiner.feed(text)
        if not joiner.holds:
            del self._joiners[channel]
        self._reset_plain()
        return joined

    def _close_joiners(self) -> None:
        # A half character without a partner becomes U+FFFD, the replacement character.
        if "text" in self._joiners:
            del self._joiners["text"]
            self._add("\ufffd")
        self._joiners.clear()

    @property
    def shows(self) -> bool:
        """Whether there is a delta that readers can show; token counts alone are none."""
        return self.count > self.quiet

    # Waiting

    def add_waiter(self, callback: Callable[[], None]) -> None:
        """Call `callback`, once, at the next `wake`."""
        self.waiters.append(callback)

    def remove_waiter(self, callback: Callable[[], None]) -> None:
        """Remove `callback` if it was not called yet."""
        with suppress(ValueError):
            self.waiters.remove(callback)

    def wake(self) -> None:
        """Call all waiters: a delta was added, or the call ended."""
        if self.waiters:
            waiters, self.waiters = self.waiters, []
            for callback in waiters:
                callback()

    def wait(self, seen: int, pulling: Callable[[], bool], timeout: float = -1) -> None:
        """Block this thread until there may be more than `seen` deltas, for `timeout` seconds at most.

        Returns at once when no thread is `pulling`, since then nothing would wake it.
        """
        woken = threading.Lock()
        woken.acquire()
        self.add_waiter(woken.release)
        try:
            # Checked again: a wake between the caller's check and add_waiter would be missed.
            if self.count <= seen and not self.ended and pulling():
                woken.acquire(timeout=min(timeout, threading.TIMEOUT_MAX))
        finally:
            self.remove_waiter(woken.release)

    # Reading

    @property
    def text(self) -> str:
        """All text so far."""
        return self.log.text

    @property
    def shown_text(self) -> str:
        """The text up to the position of the fastest reader."""
        return self.log.text_to(self.shown)

    @property
    def reasoning(self) -> str:
        """All reasoning so far."""
        return "".join(self._reasoning)

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The tool calls so far; complete after the end."""
        return self._tool_calls.whole(ended=self.finish is not None)


_HARMLESS = (ConnectionLostError, StreamCancelledError, StreamTimeoutError)
"""Errors that say nothing about an answer whose finish was sent before."""

_halves = re.compile("[\ud800-\udfff]").search
