"""The base class of wrappers that read an HTTP provider's bytes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from modelstream.errors import MalformedDataError
from modelstream.wire.streams import PushedStream, is_refusal, refusal_of
from modelstream.wrapper import ModelWrapper

if TYPE_CHECKING:
    from modelstream.deltas import Delta, Yielded
    from modelstream.errors import StreamError
    from modelstream.request import Request
    from modelstream.wire.framing import Framer
    from modelstream.wire.streams import AsyncByteStream, ByteStream

Deltas = list["str | Delta"]
"""The list that a `FrameReader` appends deltas to; a str is a `TextDelta`."""


class FrameReader(Protocol):
    """Maps the frames of one answer to deltas. Each attempt gets a new reader, so it may keep state."""

    done: bool
    """Set by `read` when nothing more follows: the rest of the body is then not read."""

    def read(self, frame: Any, deltas: Deltas) -> None:
        """Append the deltas of `frame`, with `Finish` for the end marker. Raises `StreamError`s."""

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
                return
            yield None
            for data in answer:
                if deltas := frames.feed(data):
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
                    if deltas := frames.feed(data):
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
        self._raw = request.raw_chunks
        self._failure: Exception | None = None
        self.over = False

    def feed(self, data: bytes) -> Yielded:
        """The deltas of the frames that `data` completes; if one of them fails, of those before it."""
        deltas: Deltas = []
        reader = self._reader
        try:
            frames = self._framer.feed(data)
            if self._raw is not None:
                self._raw += frames
            for frame in frames:
                reader.read(frame, deltas)
        except Exception as error:  # noqa: BLE001
            self._failure = error
            self.over = True
        if reader.done:
            self.over = True
        return deltas if len(deltas) != 1 else deltas[0]

    def taker(self, hand_on: Callable[[Yielded], bool]) -> Callable[[bytes], bool]:
        """A callback that passes the deltas of each piece to `hand_on`; it returns whether to go on."""

        def take(data: bytes) -> bool:
            deltas = self.feed(data)
            return (not deltas or hand_on(deltas)) and not self.over

        return take

    def finish(self) -> Deltas:
        """The deltas in the bytes after the last whole frame. Half a frame has none: the stream was cut."""
        deltas: Deltas = []
        try:
            for frame in self._framer.finish():
                if self._raw is not None:
                    self._raw.append(frame)
                self._reader.read(frame, deltas)
        except MalformedDataError:
            pass
        except Exception as error:  # noqa: BLE001
            self._failure = error
        return deltas

    def check(self) -> None:
        """Raise the error of a failed frame, after the deltas before it were yielded."""
        if self._failure is not None:
            raise self._failure

    def whole(self, body: bytes) -> Deltas:
        """The deltas of an answer that was not streamed."""
        if self._raw is not None:
            self._raw.append(body)
        deltas: Deltas = []
        self._reader.read_whole(body, deltas)
        return deltas
