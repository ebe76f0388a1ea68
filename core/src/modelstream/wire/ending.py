"""Decides when a streamed answer is complete, from the signs of its end and their order.

A wire shows up to three signs: a finish word, a terminal frame (`[DONE]`), and the end of the body. Many
servers send finish words early, on the first frame, or on every frame. So a word is held until nothing can
follow it; text is never delayed by that.
"""

from __future__ import annotations

from logging import getLogger
from typing import TYPE_CHECKING, Literal

import msgspec

from modelstream.call import timeouts
from modelstream.call.held import Held
from modelstream.deltas import Finish, FinishReason, StateDelta, ToolCallDelta, UsageDelta
from modelstream.errors import TruncatedStreamError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelstream.deltas import Delta

EndMarker = Literal["usage", "done", "eof"]
"""What ends the answers of a server that sends no finish word, or none that can be believed."""

LONGEST_GRACE = 120.0
"""Seconds of silence after which an answer with a finish word is complete in any case."""

_log = getLogger("modelstream")


class UnknownFinish(Finish, frozen=True, gc=False):
    """A finish word that is not in the dialect's table: it counts as `stop`, but is not believed alone."""


def finish_of(word: str, finishes: Mapping[str, FinishReason], raw: str | None = None) -> Finish:
    """The finish for a provider's `word`, by the dialect's table; `raw` is the word as it was sent."""
    reason = finishes.get(word)
    return UnknownFinish("stop", raw or word) if reason is None else Finish(reason, raw or word)


class Ending:
    """The end of one answer. `add` judges the deltas of each frame, in order; `finish` is the result.

    `has_terminal` tells whether the wire has a terminal frame. `marker` is the config's `end_marker`.
    `idle_timeout` is in seconds.
    """

    __slots__ = (
        "_alone",
        "_called",
        "_counts_alone",
        "_grace",
        "_has_terminal",
        "_on_last_frame",
        "_strong",
        "_void",
        "_weak",
        "finish",
        "has_content",
        "marker",
        "word",
    )

    def __init__(
        self, *, has_terminal: bool, marker: EndMarker | None = None, idle_timeout: float | None = None
    ) -> None:
        self.finish: Finish | None = None
        self.word: Finish | None = None
        self._has_terminal = has_terminal
        self.marker = marker
        self._grace = LONGEST_GRACE if idle_timeout is None else min(idle_timeout, LONGEST_GRACE)
        self.has_content = False
        self._called = False
        self._weak = False
        self._strong = False
        self._alone = False
        self._on_last_frame = False
        self._void: Finish | None = None
        # Frames with counts so far, and whether the last frame is one that has nothing else.
        self._counts_alone = (0, False)

    @property
    def held(self) -> Held | None:
        """The word that takes effect if nothing follows."""
        if self.word is None:
            return None
        quick = not self._has_terminal or self._alone
        return Held(
            self.word, self._strong, min(timeouts.FINISH_GRACE, self._grace) if quick else self._grace
        )

    def add(self, deltas: list[str | Delta], start: int) -> None:
        """Judge what one frame has added to `deltas` from `start` on; finish words are taken out."""
        frame = deltas[start:]
        words = [delta for delta in frame if isinstance(delta, Finish)]
        if words:
            deltas[start:] = frame = [delta for delta in frame if not isinstance(delta, Finish)]
        if frame and all(type(delta) is StateDelta for delta in frame) and not words:
            return
        content = self.note(frame)
        if content and self.word is not None:
            self._void, self.word, self._weak = self.word, None, True
        self._on_last_frame = bool(words)
        for word in words:
            self._hold(word, alone=not content)
        counts = any(type(delta) is UsageDelta for delta in frame)
        self._counts_alone = (self._counts_alone[0] + counts, counts and not content)

    def note(self, deltas: list[str | Delta]) -> bool:
        """Note what `deltas` say; returns whether they say anything: counts and state do not."""
        content = False
        for delta in deltas:
            if isinstance(delta, UsageDelta | StateDelta):
                continue
            content = True
            if isinstance(delta, ToolCallDelta):
                self._called = True
        self.has_content = self.has_content or content
        return content

    def _hold(self, word: Finish, *, alone: bool) -> None:
        if self.word is None:
            believed = self.has_content and not self._weak and not isinstance(word, UnknownFinish)
            self._strong = believed or word.reason in ("content_filter", "refusal")
            self.word = word
        elif word.reason != "stop" or self.word.reason == "stop":
            # Nothing was said between the two words.
            self._strong = self._strong or word.reason in ("content_filter", "refusal")
            self.word = word
        self._alone = alone

    def end_at_terminal(self) -> None:
        """Decide at the terminal frame: every word takes effect."""
        if self.word is not None:
            self._complete(self.word)
        elif self.marker in ("done", "eof") or (self.marker == "usage" and self._ends_with_counts()):
            self._complete(self._unmarked())

    def end_at_body(self) -> None:
        """Decide at the clean end of the body."""
        if self.word is not None and (self._strong or (self._on_last_frame and not self._has_terminal)):
            self._complete(self.word)
        elif self.marker == "eof" or (
            self.marker == "usage" and not self._has_terminal and self._ends_with_counts()
        ):
            self._complete(self._unmarked())

    def add_whole(self, deltas: list[str | Delta]) -> None:
        """Judge the deltas of a body that was read at once, as if each word ended a frame."""
        items, deltas[:] = list(deltas), []
        start = 0
        for item in items:
            deltas.append(item)
            if isinstance(item, Finish):
                self.add(deltas, start)
                start = len(deltas)
        if len(deltas) > start:
            self.add(deltas, start)

    def end_at_document(self) -> None:
        """Decide for a whole JSON object: it is complete with a word, or with counts."""
        if self.word is not None:
            self._complete(self.word)
        elif self._counts_alone[0] or self.marker is not None:
            self._complete(self._unmarked())

    @property
    def raw_word(self) -> str | None:
        """The provider's last finish word that did not take effect."""
        word = self.word or self._void
        return None if word is None else word.raw or word.reason

    def truncated(self, rest: str = "") -> TruncatedStreamError:
        """The error for an answer without an end; `rest` is what the server sent last, outside the answer."""
        raw = self.raw_word
        if rest:
            return TruncatedStreamError(
                "the stream ended before the provider reported that it is complete. Outside of the answer it "
                f"sent: {rest}"
            )
        if raw is None:
            return TruncatedStreamError(
                "the stream ended before the provider reported that it is complete. If this server never "
                "sends a finish reason, set the field 'end_marker' of the model config ('usage', 'done' or "
                "'eof')"
            )
        return TruncatedStreamError(
            f"the stream ended without a finish reason that can be believed: {raw!r} came early. If this "
            "server always does so, set the field 'end_marker' of the model config ('usage', 'done' or 'eof')"
        )

    def _ends_with_counts(self) -> bool:
        return self.has_content and self._counts_alone == (1, True)

    def _unmarked(self) -> Finish:
        return Finish("tool_calls" if self._called else "stop")

    def _complete(self, word: Finish) -> None:
        if isinstance(word, UnknownFinish):
            _log.warning("the provider ended an answer with the unknown finish reason %r", word.raw)
            word = Finish(word.reason, word.raw)
        self.finish = word


def is_document(body: bytes) -> bool:
    """Whether `body` is one whole JSON object."""
    try:
        return type(msgspec.json.decode(body)) is dict
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
