"""The base class of wrappers that read an HTTP provider's bytes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from modelstream.call.error_mapping import as_stream_error
from modelstream.wire.answers import AnswerReader
from modelstream.wire.ending import Ending
from modelstream.wire.http_config import timeout_seconds
from modelstream.wire.streams import PushedStream, is_refusal, refusal_of
from modelstream.wrapper import ModelWrapper

if TYPE_CHECKING:
    from modelstream.config import ModelConfig
    from modelstream.deltas import Delta, Yielded
    from modelstream.errors import StreamError
    from modelstream.request import Request
    from modelstream.wire.ending import EndMarker
    from modelstream.wire.framing import Framer
    from modelstream.wire.streams import AsyncByteStream, ByteStream

Deltas = list["str | Delta"]
"""The list that a `FrameReader` appends deltas to; a str is a `TextDelta`."""


class FrameReader(Protocol):
    """Maps the frames of one answer to deltas. Each attempt gets a new reader, so it may keep state.

    A reader that keeps text back may have a method `flush(deltas)`: it is called if the answer ends early.
    """

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
    library or the SDK that `open` or the streams raise; this class maps answers with a status other than 2xx,
    or with HTML.
    """

    framer: ClassVar[Callable[[], Framer]]

    def __init__(self, config: Mapping[str, Any] | ModelConfig | None = None, /, **fields: Any) -> None:
        if isinstance(config, Mapping):
            config = _with_plain_timeout(config)
        super().__init__(config, **_with_plain_timeout(fields))

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
                raise self.refusal(answer, _read(answer))
            frames = self._answer_reader(request)
            if not request.stream:
                yield frames.whole(_read(answer))
                frames.check()
                return
            yield None
            try:
                for data in answer:
                    if (deltas := frames.feed(data)) is not None:
                        yield deltas
                    if frames.over:
                        break
                else:
                    yield frames.finish()
            except Exception:
                yield frames.rest()
                raise
            frames.check()
            answer.drain()

    async def adeltas(self, request: Request) -> AsyncGenerator[Yielded, None]:
        """Open the answer and yield its deltas, read by read."""
        async with aclosing(await self.aopen(request)) as answer:
            if is_refusal(answer):
                raise self.refusal(answer, await _aread(answer))
            frames = self._answer_reader(request)
            if not request.stream:
                yield frames.whole(await _aread(answer))
                frames.check()
                return
            yield None
            try:
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
            except Exception:
                yield frames.rest()
                raise
            frames.check()
            await answer.adrain()

    def _answer_reader(self, request: Request) -> AnswerReader:
        reader = self.frame_reader(request)
        return AnswerReader(type(self).framer(), reader, self.ending(reader), request.raw_chunks)


def _read(answer: ByteStream) -> bytes:
    """The whole body. A connection that fails here was lost, not refused."""
    try:
        return answer.read()
    except Exception as error:
        raise as_stream_error(error, answered=True) from error


async def _aread(answer: AsyncByteStream) -> bytes:
    try:
        return await answer.aread()
    except Exception as error:
        raise as_stream_error(error, answered=True) from error


def _with_plain_timeout(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a config, with an `httpx.Timeout` as seconds."""
    timeout = fields.get("timeout")
    return {**fields, "timeout": timeout_seconds(timeout)} if hasattr(timeout, "read") else dict(fields)
