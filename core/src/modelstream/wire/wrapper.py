"""The base of wrappers that read an HTTP provider's bytes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from modelstream.errors import MalformedDataError
from modelstream.wire.streams import PushedStream, refusal_of, refused
from modelstream.wrapper import ModelWrapper

if TYPE_CHECKING:
    from modelstream.deltas import Delta, Yielded
    from modelstream.errors import StreamError
    from modelstream.request import Request
    from modelstream.wire.framing import Framer
    from modelstream.wire.streams import AsyncByteStream, ByteStream

News = list["str | Delta"]


class FrameReader(Protocol):
    """Maps the frames of one answer to deltas. Each attempt gets a fresh one, so it may keep state."""

    done: bool
    """Set by `read` when nothing more will follow: the rest of the body is not read."""

    def read(self, frame: Any, news: News) -> None:
        """Append to `news` what `frame` says, `Finish` if it is the end marker. Raises `StreamError`s."""

    def read_whole(self, body: bytes, news: News) -> None:
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

    All frames that one read of the socket brings are handed on together. Errors of the HTTP library or the
    SDK that `open` or the streams raise are mapped by the core; an answer with another status than 200, or
    with HTML, is turned into the right error here.
    """

    framer: ClassVar[Callable[[], Framer]]

    def open(self, request: Request) -> ByteStream:
        """Send the request and return its answer once the headers are there."""
        raise NotImplementedError

    async def aopen(self, request: Request) -> AsyncByteStream:
        """The same for coroutines."""
        raise NotImplementedError

    def frame_reader(self, request: Request) -> FrameReader:
        """A new reader for the frames of one answer."""
        raise NotImplementedError

    def refusal(self, answer: ByteStream | AsyncByteStream, body: bytes) -> StreamError:
        """The error that an answer with another status than 200, or with HTML, means.

        Override it where a provider's own codes say more than the status does.
        """
        return refusal_of(answer, body)

    def deltas(self, request: Request) -> Iterator[Yielded]:
        """Open the answer and yield its deltas, read by read."""
        with closing(self.open(request)) as answer:
            request.on_cancel(answer.abort)
            if refused(answer):
                raise self.refusal(answer, answer.read())
            frames = _Frames(self, request)
            if not request.stream:
                yield frames.whole(answer.read())
                return
            yield None
            for data in answer:
                if news := frames.feed(data):
                    yield news
                if frames.over:
                    break
            else:
                yield frames.finish()
            frames.check()
            answer.drain()

    async def adeltas(self, request: Request) -> AsyncGenerator[Yielded, None]:
        """Open the answer and yield its deltas, read by read."""
        async with aclosing(await self.aopen(request)) as answer:
            if refused(answer):
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
                    if news := frames.feed(data):
                        yield news
                    if frames.over:
                        break
                else:
                    yield frames.finish()
            frames.check()
            await answer.adrain()


class _Frames:
    """One answer on its way from bytes to deltas: what sync and async have in common."""

    def __init__(self, wrapper: WireWrapper, request: Request) -> None:
        self._framer = type(wrapper).framer()
        self._reader = wrapper.frame_reader(request)
        self._raw = request.raw_chunks
        self._failure: Exception | None = None
        self.over = False

    def feed(self, data: bytes) -> Yielded:
        """What the frames that `data` completes say; when one of them fails, what those ahead of it said."""
        news: News = []
        reader = self._reader
        try:
            frames = self._framer.feed(data)
            if self._raw is not None:
                self._raw += frames
            for frame in frames:
                reader.read(frame, news)
        except Exception as error:  # noqa: BLE001
            self._failure = error
            self.over = True
        if reader.done:
            self.over = True
        return news if len(news) != 1 else news[0]

    def taker(self, hand_on: Callable[[Yielded], bool]) -> Callable[[bytes], bool]:
        """What hands on the news in each piece of the body; it returns whether to go on."""

        def take(data: bytes) -> bool:
            news = self.feed(data)
            return (not news or hand_on(news)) and not self.over

        return take

    def finish(self) -> News:
        """What the bytes behind the last whole frame say. Half a frame says nothing: the stream was cut."""
        news: News = []
        try:
            for frame in self._framer.finish():
                if self._raw is not None:
                    self._raw.append(frame)
                self._reader.read(frame, news)
        except MalformedDataError:
            pass
        except Exception as error:  # noqa: BLE001
            self._failure = error
        return news

    def check(self) -> None:
        """Raise what failed, now that all that came before it was handed on."""
        if self._failure is not None:
            raise self._failure

    def whole(self, body: bytes) -> News:
        """What the body of an answer that was not streamed says."""
        if self._raw is not None:
            self._raw.append(body)
        news: News = []
        self._reader.read_whole(body, news)
        return news
