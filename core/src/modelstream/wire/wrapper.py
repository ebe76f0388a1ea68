"""The base class of wrappers that read an HTTP provider's bytes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from modelstream.call.held import Batch
from modelstream.deltas import Finish
from modelstream.errors import MalformedDataError, StreamError
from modelstream.wire.ending import Ending, is_document
from modelstream.wire.streams import PushedStream, is_refusal, refusal_of
from modelstream.wrapper import ModelWrapper

if TYPE_CHECKING:
    from modelstream.call.held import Held
    from modelstream.deltas import Delta, Yielded
    from modelstream.request import Request
    from modelstream.wire.ending import EndMarker
    from modelstream.wire.framing import Framer
    from modelstream.wire.streams import AsyncByteStream, ByteStream

Deltas = list["str | Delta"]
"""The list that a `FrameReader` appends deltas to; a str is a `TextDelta`."""


class FrameReader(Protocol):
    """Maps the frames of one answer to deltas. Each attempt gets a new reader, so it may keep state."""

    done: bool
    """Set by `read` at the terminal frame, such as `[DONE]`: the rest of the body is then not read."""

    has_terminal: bool
    """Whether the wire has a terminal frame; taken for False where it is missing."""

    def read(self, frame: Any, deltas: Deltas) -> None:
        """Append the deltas in `frame` to `deltas`, and at last a `Finish` for a finish word.

        The word need not be the end: see `Ending`. What the frame says besides text, such as an image, is
        appended as an empty `TextDelta`. Raises `StreamError`s.
        """

    def read_whole(self, body: bytes, deltas: Deltas) -> None:
        """The same for the body of an answer that was not streamed."""


class WireWrapper(ModelWrapper):
    """A wrapper that opens an HTTP answer and reads its frames.

        class MyChat(WireWrapper):
            model_type = "my_chat"
            framer = SseFramer

            def open(self, request): ...          # a ByteStream
            async def aopen(self, request): ...   # an AsyncByteStream
            def frame_reader(self, request):
                return MyFrames()

    The deltas of all frames in one read of the socket are yielded together. The core maps errors of the HTTP
    library or the SDK that `open` or the streams raise; this class maps answers with a status other than 200,
    or with HTML.
    """

    framer: ClassVar[Callable[[], Framer]]

    def open(self, request: Request) -> ByteStream:
        """Send the request and return the answer once its headers have arrived."""
        raise NotImplementedError

    async def aopen(self, request: Request) -> AsyncByteStream:
        """The same for coroutines."""
        raise NotImplementedError

    def frame_reader(self, request: Request) -> FrameReader:
        """A new reader for the frames of one answer."""
        raise NotImplementedError

    def ending(self, reader: FrameReader) -> Ending:
        """The judge of the end of one answer."""
        return Ending(
            has_terminal=getattr(reader, "has_terminal", False),
            marker=self.end_marker(),
            idle_timeout=self.config.idle_timeout,
        )

    def end_marker(self) -> EndMarker | None:
        """What ends an answer without a finish word; by default the field `end_marker` of the config."""
        marker: EndMarker | None = getattr(self.config, "end_marker", None)
        return marker

    def refusal(self, answer: ByteStream | AsyncByteStream, body: bytes) -> StreamError:
        """The error for an answer with a status other than 200, or with HTML.

        Override it where a provider's own codes are more precise than the status.
        """
        return refusal_of(answer, body)

    def deltas(self, request: Request) -> Iterator[Yielded]:
        """Open the answer and yield its deltas, read by read."""
        with closing(self.open(request)) as answer:
            request.on_cancel(answer.abort)
            if is_refusal(answer):
                raise self.refusal(answer, answer.read())
            frames = _Frames(self, request)
            if not request.stream:
                yield frames.whole(answer.read())
                frames.check()
                return
            yield None
            for data in answer:
                if (deltas := frames.feed(data)) is not None:
                    yield deltas
                if frames.over:
                    break
            else:
                yield frames.finish()
            frames.check()
            answer.drain()

    async def adeltas(self, request: Request) -> AsyncGenerator[Yielded, None]:
        """Open the answer and yield its deltas, read by read."""
        async with aclosing(await self.aopen(request)) as answer:
            if is_refusal(answer):
                raise self.refusal(answer, await answer.aread())
            frames = _Frames(self, request)
            if not request.stream:
                yield frames.whole(await answer.aread())
                frames.check()
                return
            yield None
            if request.hand_on is not None and isinstance(answer, PushedStream):
                take = frames.taker(request.hand_on)
                while not (await answer.apush(take) or frames.over):
                    yield None
                if not frames.over:
                    yield frames.finish()
            else:
                async for data in answer:
                    if (deltas := frames.feed(data)) is not None:
                        yield deltas
                    if frames.over:
                        break
                else:
                    yield frames.finish()
            frames.check()
            await answer.adrain()


class _Frames:
    """Turns the bytes of one answer into deltas, for sync and async callers."""

    def __init__(self, wrapper: WireWrapper, request: Request) -> None:
        self._framer = type(wrapper).framer()
        self._reader = wrapper.frame_reader(request)
        self._ending = wrapper.ending(self._reader)
        # Frames are judged one by one from the first finish word on; before that, a check of the last delta
        # is enough, which costs a hundredth of reading the frame.
        self._judging = self._ending.marker is not None
        self._held: Held | None = None
        self._raw = request.raw_chunks
        self._failure: Exception | None = None
        self.over = False

    def feed(self, data: bytes) -> Yielded:
        """The deltas of the frames that `data` completes; if one of them fails, of those before it."""
        deltas: Deltas = []
        try:
            self._read_frames(self._framer.feed(data), deltas)
        except Exception as error:  # noqa: BLE001
            self._fail(error)
        if self._judging:
            return self._batch(deltas)
        if not deltas:
            return None
        if not self._ending.has_content:
            self._ending.note(deltas)
        return deltas if len(deltas) != 1 else deltas[0]

    def _read_frames(self, frames: list[Any], deltas: Deltas) -> None:
        reader = self._reader
        if self._raw is not None:
            self._raw += frames
        for frame in frames:
            start = len(deltas)
            try:
                reader.read(frame, deltas)
            finally:
                # Most frames are text, which one look at the type tells.
                if self._judging or (deltas and type(deltas[-1]) is not str and _has_finish(deltas, start)):
                    self._judge(deltas, start)
            if reader.done:
                self.over = True
                self._ending.end_at_terminal()
                return

    def _judge(self, deltas: Deltas, start: int) -> None:
        if not self._judging:
            self._judging = True
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
        try:
            self._read_frames(self._framer.finish(), deltas)
        except MalformedDataError:
            pass
        except Exception as error:  # noqa: BLE001
            self._fail(error)
        if not self.over:
            self.over = True
            self._ending.end_at_body()
        return self._batch(deltas)

    def check(self) -> None:
        """Raise the error of an answer that is not complete, after its deltas were yielded."""
        if self._failure is None and self._ending.finish is None:
            self._failure = self._ending.truncated()
        if self._failure is not None:
            if isinstance(self._failure, StreamError):
                self._failure.raw_finish_reason = self._ending.raw_word
            raise self._failure

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


def _has_finish(deltas: Deltas, start: int) -> bool:
    return any(isinstance(delta, Finish) for delta in deltas[start:])
