"""Reads the bytes of one answer: framer, reader and the judge of its end, together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelstream.call.error_bodies import excerpt_of
from modelstream.call.held import Batch
from modelstream.deltas import Finish
from modelstream.errors import MalformedDataError, StreamError
from modelstream.wire.ending import is_document
from modelstream.wire.framing import Rest

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelstream.call.held import Held
    from modelstream.deltas import Yielded
    from modelstream.wire.ending import Ending
    from modelstream.wire.framing import Framer
    from modelstream.wire.wrapper import Deltas, FrameReader


class AnswerReader:
    """Turns the bytes of one answer into deltas, with one `Finish` at its end.

    `over` is True when the rest of the body is not needed. `raw` is a list that gets the frames.
    """

    def __init__(
        self, framer: Framer, reader: FrameReader, ending: Ending, raw: list[Any] | None = None
    ) -> None:
        self._framer = framer
        self._reader = reader
        self._ending = ending
        # Frames are judged one by one from the first finish word on; before that, a check of the last delta
        # is enough, which costs a hundredth of reading the frame.
        self._judging = ending.marker is not None
        # Whether a frame of text needs no second look: no word has come, and some content has.
        self._is_plain = False
        self._held: Held | None = None
        self._raw = raw
        self._failure: Exception | None = None
        self._unread = b""
        self.over: bool = False

    def feed(self, data: bytes) -> Yielded:
        """The deltas of the frames that `data` completes; if one of them fails, of those before it."""
        deltas: Deltas = []
        try:
            frames = self._framer.feed(data)
            if self._is_plain and len(frames) == 1:
                # The common case, one frame of text: nothing else has to be looked at.
                self._reader.read(frames[0], deltas)
                if len(deltas) == 1 and type(deltas[0]) is str:
                    return deltas[0]
                self._look_at(deltas, 0)
            else:
                self._read_frames(frames, deltas)
        except Exception as error:  # noqa: BLE001
            if _has_finish(deltas, 0):
                self._judge(deltas, 0)
            self._flush(deltas)
            self._fail(error)
        if self._judging:
            return self._batch(deltas)
        if not deltas:
            return None
        if not self._ending.has_content:
            self._ending.note(deltas)
        self._is_plain = self._raw is None and self._ending.has_content
        return deltas if len(deltas) != 1 else deltas[0]

    def _read_frames(self, frames: list[Any], deltas: Deltas) -> None:
        if self._raw is not None:
            self._raw += frames
        for frame in frames:
            start = len(deltas)
            self._reader.read(frame, deltas)
            self._look_at(deltas, start)
            if self.over:
                return

    def _look_at(self, deltas: Deltas, start: int) -> None:
        """Judge the deltas of one frame, from `start` on, if they may bear on the end."""
        # Most frames are text, which one look at the type tells.
        if self._judging or (deltas and type(deltas[-1]) is not str and _has_finish(deltas, start)):
            self._judge(deltas, start)
        if self._reader.done:
            self.over = True
            self._ending.end_at_terminal()

    def _judge(self, deltas: Deltas, start: int) -> None:
        if not self._judging:
            self._judging, self._is_plain = True, False
            self._ending.note(deltas[:start])
        if len(deltas) > start or not self._reader.done:
            self._ending.add(deltas, start)

    def _batch(self, deltas: Deltas) -> Batch | None:
        finish = self._ending.finish
        held = None if finish is not None or self.over else self._ending.held
        if finish is not None:
            deltas.append(finish)
        elif not deltas and held == self._held:
            return None
        self._held = held
        return Batch(deltas, held)

    def taker(self, hand_on: Callable[[Yielded], bool]) -> Callable[[bytes], bool]:
        """A callback that passes the deltas of each piece to `hand_on`; it returns whether to go on."""

        def take(data: bytes) -> bool:
            deltas = self.feed(data)
            return (deltas is None or hand_on(deltas)) and not self.over

        return take

    def finish(self) -> Yielded:
        """The deltas in the bytes after the last whole frame. Half a frame has none: the stream was cut."""
        deltas: Deltas = []
        frames = self._framer.finish()
        try:
            self._read_frames(frames, deltas)
        except MalformedDataError:
            self._unread = _unless_cut(frames[-1])
        except Exception as error:  # noqa: BLE001
            self._fail(error)
        if not self.over:
            self.over = True
            self._flush(deltas)
            self._ending.end_at_body()
        return self._batch(deltas)

    def rest(self) -> Yielded:
        """The deltas that the reader still keeps, after a lost connection."""
        deltas: Deltas = []
        self._flush(deltas)
        return deltas or None

    def _flush(self, deltas: Deltas) -> None:
        flush = getattr(self._reader, "flush", None)
        if flush is not None:
            start = len(deltas)
            flush(deltas)
            if self._judging and len(deltas) > start:
                self._ending.add(deltas, start)

    def check(self) -> None:
        """Raise the error of an answer that is not complete, after its deltas were yielded."""
        if self._failure is None and self._ending.finish is None:
            self._failure = self._ending.truncated(self._rest())
        if self._failure is not None:
            if isinstance(self._failure, StreamError) and self._failure.raw_finish_reason is None:
                self._failure.raw_finish_reason = self._ending.raw_word
            raise self._failure

    def _rest(self) -> str:
        """What was sent besides the answer, for an error message."""
        of_framer = getattr(self._framer, "rest", None)
        content = of_framer.content if isinstance(of_framer, Rest) else b""
        rest = (content, getattr(self._reader, "rest", b""), self._unread)
        return excerpt_of(b"\n".join(filter(None, rest)).decode("utf-8", "replace"))

    def _fail(self, error: Exception) -> None:
        self._failure = error
        self.over = True

    def whole(self, body: bytes) -> Yielded:
        """The deltas of an answer that was not streamed."""
        if self._raw is not None:
            self._raw.append(body)
        deltas: Deltas = []
        try:
            self._reader.read_whole(body, deltas)
        except Exception as error:  # noqa: BLE001
            self._fail(error)
        self._ending.add_whole(deltas)
        if self._failure is None:
            if self._reader.done:
                self._ending.end_at_terminal()
            elif is_document(body):
                self._ending.end_at_document()
            else:
                self._ending.end_at_body()
        return self._batch(deltas)


def _unless_cut(frame: Any) -> bytes:
    """A last frame that can't be read, unless it is the beginning of JSON or of `[DONE]`: a cut frame."""
    data: bytes = getattr(frame, "data", frame)
    return b"" if data.lstrip()[:1] in (b"{", b"[") else data


def _has_finish(deltas: Deltas, start: int) -> bool:
    return any(isinstance(delta, Finish) for delta in deltas[start:])
