"""What a call gives back: one answer, for any number of readers, while it comes and after."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from typing import TYPE_CHECKING, Any, Self

from modelstream.adopted import Adopted
from modelstream.deltas import Delta, Finish, FinishReason, TextDelta, ToolCall, Usage
from modelstream.errors import StreamError, StreamInUseError
from modelstream.record import BLOCK
from modelstream.snapshot import Snapshot

if TYPE_CHECKING:
    from modelstream.request import Request
    from modelstream.transcript import Transcript
    from modelstream.wrapper import ModelWrapper


class _Response:
    """What sync and async responses share: everything that does not wait."""

    def _attach(self, wrapper: ModelWrapper, request: Request, call: Any) -> Self:
        self._config = wrapper.config
        self._request = request
        self._call: Any = call
        self._transcript: Transcript = call.transcript
        self._reading: list[object] = []  # readers that have begun and not ended
        return self

    @property
    def partial_text(self) -> str:
        """All text that came so far. Never waits, never raises."""
        return self._transcript.text

    @property
    def reasoning(self) -> str:
        """The model's thinking so far; never part of the text."""
        return self._transcript.reasoning

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The tool calls so far; whole when the stream has ended."""
        return self._transcript.tool_calls

    @property
    def usage(self) -> Usage | None:
        """The token counts as known by now, or None if the provider has not said any."""
        return self._transcript.usage

    @property
    def finish_reason(self) -> FinishReason | None:
        """Why the model stopped: `stop`, `length`, `tool_calls`, `content_filter`, `refusal`; None before."""
        finish = self._transcript.finish
        return None if finish is None else finish.reason

    @property
    def raw_finish_reason(self) -> str | None:
        """The provider's own word for the finish reason."""
        finish = self._transcript.finish
        return None if finish is None else finish.raw

    @property
    def raw(self) -> list[Any] | None:
        """The provider's chunks as they came, if the call was made with `raw=True`."""
        return self._request.raw_chunks

    @property
    def error(self) -> StreamError | None:
        """What ended the stream early, or None."""
        return self._transcript.error

    @property
    def is_stream_exhausted(self) -> bool:
        """Whether nothing more will come, for whatever reason."""
        return self._transcript.ended

    @property
    def model_type(self) -> str:
        """The model_type of the wrapper that was called."""
        return str(self._config.model_type)

    @property
    def model_name(self) -> str | None:
        """The provider's name for the model, as the config has it."""
        name = self._config.model_name
        return None if name is None else str(name)

    def cancel(self) -> None:
        """End the call, from any thread. Readers get a `StreamCancelledError`; what came stays readable."""
        self._call.cancel()

    def _raise_error(self) -> None:
        error = self._transcript.error
        if error is not None:
            # The same object for every reader, but not a traceback that grows with each of them.
            raise error.with_traceback(None)

    def __del__(self) -> None:
        # Whoever drops the last reference has no more use for the answer: let the provider stop.
        call = getattr(self, "_call", None)
        if call is not None:
            call.cancel()

    def __repr__(self) -> str:
        state = "ended" if self._transcript.ended else "streaming"
        if self._transcript.error is not None:
            state = type(self._transcript.error).__name__
        return f"<{type(self).__name__} {self.model_type} {state}, {len(self._transcript.text)} characters>"


def answer_behind(stream: object) -> _Response | None:
    """The response whose `stream` this is, if it is one and nobody has begun to read it."""
    code = getattr(stream, "gi_code", None) or getattr(stream, "ag_code", None)
    ours = (ModelResponse._snapshots.__code__, AsyncModelResponse._snapshots.__code__)  # noqa: SLF001
    if code not in ours:
        return None
    frame = getattr(stream, "gi_frame", None) or getattr(stream, "ag_frame", None)
    if frame is None or "reading" in frame.f_locals:
        return None
    response: _Response = frame.f_locals["self"]
    return response


def _nothing(_: Delta) -> None:
    pass


def _typed(item: str | Delta) -> Delta:
    return TextDelta(item) if type(item) is str else item  # type: ignore[return-value]


class ModelResponse(_Response, Adopted):
    """The answer to a call, read from ordinary code.

        response = model(messages, stream=True)
        for last, text in response.stream:
            print(text)

    Each access to `stream` or `deltas` is a new reader that begins at the first delta; all of them are fed by
    the one call, from any threads. `close()`, the end of a `with` block, or dropping the last reference ends
    the call at the provider.
    """

    @classmethod
    def of_call(cls, wrapper: ModelWrapper, request: Request) -> Self:
        """Make the call; raises the `StreamError` that ended it before its first delta."""
        from modelstream.bridges import sync_call

        call = sync_call(wrapper, request)
        response = cls.__new__(cls)._attach(wrapper, request, call)  # noqa: SLF001
        call.open()
        if not request.stream:
            response._drain()  # noqa: SLF001
            response._raise_error()  # noqa: SLF001
        return response

    @property
    def stream(self) -> Generator[Snapshot, None, None] | None:
        """A new reader that yields `(last, text so far)`; None when the call was not made to stream."""
        return self._snapshots() if self._request.stream else None

    @property
    def deltas(self) -> Generator[Delta, None, None]:
        """A new reader that yields what is new, typed and in order."""
        return self._deltas()

    @property
    def text(self) -> str:
        """The full text: drains the stream if nobody is reading it; while somebody is, the text so far.

        Raises the stream's error if it failed; `partial_text` has what came.
        """
        override = self.__dict__.get("_text")
        if override is not None:
            return str(override)
        if self._reading and not self._transcript.ended:
            return self._transcript.shown_text
        self._drain()
        self._raise_error()
        return self._transcript.text

    @text.setter
    def text(self, value: str) -> None:
        self.__dict__["_text"] = value

    def close(self) -> None:
        """End the call now and let go of the connection. After the end it does nothing."""
        self._call.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _drain(self) -> None:
        transcript, advance = self._transcript, self._call.advance
        while not transcript.ended:
            advance(transcript.count)

    def _snapshots(self, others: Callable[[Delta], None] = _nothing) -> Generator[Snapshot, None, None]:
        """The snapshots; `others` is called with the deltas between them that are not text."""
        # The walk of `_follow`, written out: a generator less on the path of every delta.
        transcript, advance = self._transcript, self._call.advance
        record = transcript.record
        base, items = record.block_at(0)
        at = offset = 0
        reading = object()
        self._reading.append(reading)
        self.__dict__.pop("_text", None)
        try:
            while True:
                if at < len(items):
                    item = items[at]
                    at += 1
                    if type(item) is str:
                        end = offset + len(item)
                        if end > transcript.shown:  # noqa: PLR1730
                            transcript.shown = end
                        yield Snapshot(item, False, offset, record)  # noqa: FBT003
                        offset = end
                    elif type(item) is Finish:
                        yield Snapshot("", True, offset, record)  # noqa: FBT003
                    else:
                        others(item)  # type: ignore[arg-type]
                elif at == BLOCK and record.newest[0] != base:
                    base, items = record.block_at(base + BLOCK)
                    at = 0
                elif not transcript.ended:
                    advance(base + at)
                elif at == len(items):
                    break
        finally:
            self._reading.remove(reading)
        self._raise_error()

    def _deltas(self) -> Generator[Delta, None, None]:
        reading = object()
        self._reading.append(reading)
        self.__dict__.pop("_text", None)
        transcript = self._transcript
        shown = 0
        try:
            for item in _follow(transcript, self._call.advance):
                if type(item) is str:
                    shown += len(item)
                    transcript.shown = max(transcript.shown, shown)
                yield _typed(item)
        finally:
            self._reading.remove(reading)
        self._raise_error()


def _follow(transcript: Transcript, advance: Callable[[int], None]) -> Generator[str | Delta, None, None]:
    """Every item of `transcript` from the first one on, calling `advance` where more must come."""
    record = transcript.record
    base, items = record.block_at(0)
    at = 0
    while True:
        if at < len(items):
            yield items[at]
            at += 1
        elif at == BLOCK and record.newest[0] != base:  # else it is full, but not folded yet
            base, items = record.block_at(base + BLOCK)
            at = 0
        elif transcript.ended:
            if at == len(items):
                return
        else:
            advance(base + at)


class AsyncModelResponse(_Response):
    """The answer to a call, read from coroutines.

        response = await model.acall(messages, stream=True)
        async for last, text in response.stream:
            print(text)

    Like `ModelResponse` otherwise. Readers may be tasks of any event loop. A task that is cancelled while it
    awaits a delta ends the call, unless other readers are waiting for that delta too.
    """

    @classmethod
    async def of_call(cls, wrapper: ModelWrapper, request: Request) -> Self:
        """Make the call; raises the `StreamError` that ended it before its first delta."""
        from modelstream.bridges import async_call

        call = async_call(wrapper, request)
        response = cls.__new__(cls)._attach(wrapper, request, call)  # noqa: SLF001
        await call.open()
        if not request.stream:
            await response._drain()  # noqa: SLF001
            response._raise_error()  # noqa: SLF001
        return response

    @property
    def stream(self) -> AsyncGenerator[Snapshot, None] | None:
        """A new reader that yields `(last, text so far)`; None when the call was not made to stream."""
        return self._snapshots() if self._request.stream else None

    @property
    def deltas(self) -> AsyncGenerator[Delta, None]:
        """A new reader that yields what is new, typed and in order."""
        return self._deltas()

    @property
    def text(self) -> str:
        """The full text once the stream has ended; while somebody reads it, the text so far.

        A property can't await: before that it raises `StreamInUseError`. Raises the stream's error if it
        failed.
        """
        if not self._transcript.ended:
            if self._reading:
                return self._transcript.shown_text
            raise StreamInUseError(
                "the answer is not complete yet: use `await response.get_text()` for the full text, "
                "or `response.partial_text` for what came so far"
            )
        self._raise_error()
        return self._transcript.text

    async def get_text(self) -> str:
        """The full text, awaiting the rest of the stream. Raises the stream's error if it failed."""
        await self._drain()
        self._raise_error()
        return self._transcript.text

    async def aclose(self) -> None:
        """End the call now and let go of the connection. After the end it does nothing."""
        await self._call.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def _drain(self) -> None:
        transcript, advance = self._transcript, self._call.advance
        while not transcript.ended:
            await advance(transcript.count)

    async def _snapshots(self, others: Callable[[Delta], None] = _nothing) -> AsyncGenerator[Snapshot, None]:
        """The snapshots; `others` is called with the deltas between them that are not text."""
        # The walk of `_follow`, written out: a generator less on the path of every delta.
        transcript, advance = self._transcript, self._call.advance
        record = transcript.record
        base, items = record.block_at(0)
        at = offset = 0
        reading = object()
        self._reading.append(reading)
        try:
            while True:
                if at < len(items):
                    item = items[at]
                    at += 1
                    if type(item) is str:
                        end = offset + len(item)
                        if end > transcript.shown:  # noqa: PLR1730
                            transcript.shown = end
                        yield Snapshot(item, False, offset, record)  # noqa: FBT003
                        offset = end
                    elif type(item) is Finish:
                        yield Snapshot("", True, offset, record)  # noqa: FBT003
                    else:
                        others(item)  # type: ignore[arg-type]
                elif at == BLOCK and record.newest[0] != base:
                    base, items = record.block_at(base + BLOCK)
                    at = 0
                elif not transcript.ended:
                    await advance(base + at)
                elif at == len(items):
                    break
        finally:
            self._reading.remove(reading)
        self._raise_error()

    async def _deltas(self) -> AsyncGenerator[Delta, None]:
        reading = object()
        self._reading.append(reading)
        transcript, advance = self._transcript, self._call.advance
        position = shown = 0
        try:
            while not (transcript.ended and position == transcript.count):
                base, block = transcript.record.block_at(position)
                items = block[position - base :]
                for item in items:
                    if type(item) is str:
                        shown += len(item)
                        transcript.shown = max(transcript.shown, shown)
                    yield _typed(item)
                position += len(items)
                if not items:
                    await advance(position)
        finally:
            self._reading.remove(reading)
        self._raise_error()
