"""The response to a call: one answer, for any number of readers, during and after streaming."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Iterable
from typing import TYPE_CHECKING, Annotated, Any, Self
from weakref import WeakKeyDictionary, ref

from modelstream.call.from_values import call_from_values
from modelstream.call.message import assistant_message
from modelstream.call.readers import Reading, adeltas, asnapshots, deltas, raise_error, snapshots
from modelstream.errors import StreamInUseError

if TYPE_CHECKING:
    from modelstream.call.in_loop import LoopCall
    from modelstream.call.in_thread import ThreadCall
    from modelstream.call.pulled import PulledCall
    from modelstream.call.task import TaskCall
    from modelstream.call.transcript import Transcript
    from modelstream.deltas import Delta, FinishReason, ToolCall, Usage
    from modelstream.errors import StreamError
    from modelstream.snapshot import Snapshot


class _Response:
    """The part that sync and async responses share: everything that does not wait."""

    def __init__(self, call: Any) -> None:
        self._call = call
        self._transcript: Transcript = call.transcript

    @property
    def partial_text(self) -> str:
        """All text received so far. Never waits, never raises."""
        return self._transcript.text

    @property
    def reasoning(self) -> str:
        """The model's thinking so far; never part of the text."""
        return self._transcript.reasoning

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The tool calls so far; complete when the stream has ended."""
        return self._transcript.tool_calls

    @property
    def usage(self) -> Usage | None:
        """The latest token counts, or None if the provider has not reported any."""
        return self._transcript.usage

    @property
    def finish_reason(self) -> FinishReason | None:
        """Why the model stopped: `stop`, `length`, `tool_calls`, `content_filter`, `refusal`; None before."""
        finish = self._transcript.finish
        return None if finish is None else finish.reason

    @property
    def raw_finish_reason(self) -> str | None:
        """The provider's own word for the finish reason; after an error, the last one that it had sent."""
        finish, error = self._transcript.finish, self._transcript.error
        if error is not None:
            return error.raw_finish_reason
        return None if finish is None else finish.raw

    @property
    def message(self) -> dict[str, Any] | None:
        """The assistant's message for the next turn, as a dict of JSON values; None after a failure.

        It has `role`, `content` and `tool_calls`, without calls that were cut, and in `provider_state` what
        the provider must get back. Pass it on unchanged: a model of another provider does not get the state.
        Raises `StreamInUseError` before the end of the stream.
        """
        if not self._transcript.ended:
            raise StreamInUseError(
                "the answer is not complete yet: read the stream to its end, or call get_text(), before "
                "response.message"
            )
        return None if self._transcript.error is not None else assistant_message(self._transcript)

    @property
    def raw(self) -> list[Any] | None:
        """The provider's chunks, unchanged, if the call was made with `raw=True`."""
        chunks: list[Any] | None = self._call.request.raw_chunks
        return chunks

    @property
    def error(self) -> StreamError | None:
        """The error that ended the stream early, or None."""
        return self._transcript.error

    @property
    def is_stream_exhausted(self) -> bool:
        """Whether the stream has ended, completely or not."""
        return self._transcript.ended

    @property
    def model_type(self) -> str:
        """The model_type of the wrapper that was called."""
        return str(self._call.config.model_type)

    @property
    def model_name(self) -> str | None:
        """The provider's name for the model, as the config has it."""
        name = self._call.config.model_name
        return None if name is None else str(name)

    def cancel(self) -> None:
        """End the call, from any thread. Readers get a `StreamCancelledError`; the text so far remains."""
        self._call.cancel()

    def _raise_error(self) -> None:
        raise_error(self._transcript)

    def __del__(self) -> None:
        # Without a reference no reader can follow: stop the provider, which bills for the rest.
        call = getattr(self, "_call", None)
        if call is not None:
            call.cancel()

    def __repr__(self) -> str:
        state = "ended" if self._transcript.ended else "streaming"
        if self._transcript.error is not None:
            state = type(self._transcript.error).__name__
        return f"<{type(self).__name__} {self.model_type} {state}, {len(self._transcript.text)} characters>"


_streams: WeakKeyDictionary[object, ref[Reading]] = WeakKeyDictionary()
"""The readers returned as `stream`, for `response_of`; each generator holds its `Reading` itself."""


def response_of(stream: object) -> ModelResponse | AsyncModelResponse | None:
    """The response that this `stream` belongs to; None for other objects and streams already being read."""
    if not isinstance(stream, Generator | AsyncGenerator):
        return None
    known = _streams.get(stream)
    reading = None if known is None else known()
    if reading is None or reading.begun:
        return None
    return reading.response  # type: ignore[return-value]


class ModelResponse(_Response):
    """The response to a call, read from synchronous code.

        response = model(messages, stream=True)
        for last, text in response.stream:
            print(text)

    Each access to `stream` or `deltas` is a new reader that begins at the first delta; all of them
    share the one call and may run in any threads. `close()`, leaving a `with` block, or dropping the last
    reference ends the call at the provider.
    """

    embedding: Any = None
    image_urls: Any = None
    parsed: Any = None
    _call: PulledCall | LoopCall
    _assigned_text: tuple[str | None, int] = (None, 0)

    def __init__(  # noqa: PLR0917 - the order is AgentScope's
        self,
        text: str | None = None,
        embedding: Any = None,
        image_urls: Any = None,
        raw: Any = None,
        parsed: Any = None,
        stream: Iterable[str] | None = None,
        tool_calls: Iterable[Any] | None = None,
        *,
        _call: PulledCall | LoopCall | None = None,
    ) -> None:
        """Create a response from existing values, for wrappers written for AgentScope.

        `stream` yields the text so far, each item the whole of it; its end is the end of the answer. A `text`
        passed with it applies until the stream is read. `tool_calls` are `ToolCall`s or `tool_use` blocks.
        `raw`, `embedding`, `image_urls` and `parsed` are kept as they are.
        """
        if _call is not None:
            super().__init__(_call)
            return
        self.embedding, self.image_urls, self.parsed = embedding, image_urls, parsed
        super().__init__(call_from_values(text, stream, tool_calls or (), raw))
        self._call.open()
        if stream is None:
            self._drain()
        elif text is not None:
            self.text = text

    @classmethod
    def of_call(cls, call: PulledCall | LoopCall) -> Self:
        """Open `call`; raises the `StreamError` that ended it before its first delta. Internal."""
        response = cls(_call=call)
        call.open()
        if not call.request.stream:
            response._drain()
            response._raise_error()
        return response

    @property
    def stream(self) -> Generator[Snapshot, None, None] | None:
        """A new reader that yields `(last, text so far)`; None if the call does not stream."""
        if not self._call.request.stream:
            return None
        reading = Reading(self, self._transcript)
        stream = snapshots(self._call, reading)
        _streams[stream] = ref(reading)
        return stream

    @property
    def deltas(self) -> Generator[Delta, None, None]:
        """A new reader that yields what is new, typed and in order."""
        return deltas(self._call, Reading(self, self._transcript))

    @property
    def text(self) -> str:
        """The full text: drains the stream if it has no reader; while it has one, the text so far.

        `get_text()` is always the full text. Raises the stream's error if it failed; `partial_text` has the
        text received before that.
        """
        text, read = self._assigned_text
        if text is not None and read == self._transcript.readings_begun:
            return text
        if self._transcript.readings and not self._transcript.ended:
            return self._transcript.shown_text
        self._drain()
        self._raise_error()
        return self._transcript.text

    @text.setter
    def text(self, value: str) -> None:
        # Applies until the stream is read, as in AgentScope 0.1.
        self._assigned_text = str(value), self._transcript.readings_begun

    def get_text(self) -> str:
        """Wait for the rest of the stream and return the full text, even while other readers are active.

        Raises the stream's error if it failed; `partial_text` has the text received before that. Ignores a
        value assigned to `text`.
        """
        self._drain()
        self._raise_error()
        return self._transcript.text

    def close(self) -> None:
        """End the call now and close the connection. Does nothing after the end."""
        self._call.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _drain(self) -> None:
        transcript, advance = self._transcript, self._call.advance
        while not transcript.ended:
            advance(transcript.count)


class AsyncModelResponse(_Response):
    """The response to a call, read from coroutines.

        response = await model.acall(messages, stream=True)
        async for last, text in response.stream:
            print(text)

    Like `ModelResponse` otherwise. Readers may be tasks of any event loop. A task that is cancelled while it
    awaits a delta ends the call, unless other readers also wait for that delta.
    """

    _call: TaskCall | ThreadCall

    @classmethod
    async def of_call(cls, call: TaskCall | ThreadCall) -> Self:
        """Open `call`; raises the `StreamError` that ended it before its first delta. Internal."""
        response = cls(call)
        await call.open()
        if not call.request.stream:
            await response._drain()
            response._raise_error()
        return response

    @property
    def stream(self) -> AsyncGenerator[Snapshot, None] | None:
        """A new reader that yields `(last, text so far)`; None if the call does not stream."""
        if not self._call.request.stream:
            return None
        reading = Reading(self, self._transcript)
        stream = asnapshots(self._call, reading)
        _streams[stream] = ref(reading)
        return stream

    @property
    def deltas(self) -> AsyncGenerator[Delta, None]:
        """A new reader that yields what is new, typed and in order."""
        return adeltas(self._call, Reading(self, self._transcript))

    @property
    def text(self) -> str:
        """The full text once the stream has ended; while it has a reader, the text so far.

        A property can't await: without a reader it raises `StreamInUseError` before the end. Raises the
        stream's error if it failed.
        """
        if not self._transcript.ended:
            if self._transcript.readings:
                return self._transcript.shown_text
            raise StreamInUseError(
                "the answer is not complete yet: use `await response.get_text()` for the full text, "
                "or `response.partial_text` for the text so far"
            )
        self._raise_error()
        return self._transcript.text

    async def get_text(self) -> str:
        """Await the rest of the stream and return the full text. Raises the stream's error if it failed."""
        await self._drain()
        self._raise_error()
        return self._transcript.text

    async def aclose(self) -> None:
        """End the call now and close the connection. Does nothing after the end."""
        await self._call.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def _drain(self) -> None:
        transcript, advance = self._transcript, self._call.advance
        while not transcript.ended:
            await advance(transcript.count)


if TYPE_CHECKING:

    class StreamedResponse(ModelResponse):
        """What a call with `stream=True` returns: a `ModelResponse` whose `stream` is never None."""

        @property
        def stream(self) -> Generator[Snapshot, None, None]:
            """A new reader that yields `(last, text so far)`."""

    class AsyncStreamedResponse(AsyncModelResponse):
        """What `acall` with `stream=True` returns: an `AsyncModelResponse` whose `stream` is never None."""

        @property
        def stream(self) -> AsyncGenerator[Snapshot, None]:
            """A new reader that yields `(last, text so far)`."""

else:
    # For annotations only; `isinstance` rejects them, since the class does not show whether a call streams.
    StreamedResponse = Annotated[ModelResponse, "stream is not None"]
    AsyncStreamedResponse = Annotated[AsyncModelResponse, "stream is not None"]
