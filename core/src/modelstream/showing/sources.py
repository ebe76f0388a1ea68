"""Uniform access to the content of `show`: a response, a text, or a third-party stream of pairs."""

from __future__ import annotations

import weakref
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
)
from typing import TYPE_CHECKING, Any, Protocol

from modelstream.call.readers import Reading, asnapshots, snapshots
from modelstream.errors import StreamCancelledError
from modelstream.response import AsyncModelResponse, ModelResponse, response_of
from modelstream.showing.pairs import PairReader
from modelstream.sinks.base import Message, Outcome, State

if TYPE_CHECKING:
    from modelstream.deltas import Delta
    from modelstream.errors import CallSoFar
    from modelstream.snapshot import Snapshot

Others = Callable[["Delta"], None]
"""Called with each delta that is not text, in order."""


class ShowSource(Protocol):
    """Content to show. The iterator of its snapshots ends when it is complete, and raises otherwise."""

    def snapshots(self, others: Others) -> Any:
        """A generator of the snapshots in order; an async generator if the content is asynchronous."""

    def attach(self, message: Message) -> None:
        """Set the model of the message, and how to cancel it."""

    def stop(self) -> None:
        """Stop after an interrupt; it is not read any further."""

    def outcome(self, error: BaseException | None) -> Outcome:
        """The outcome: that of `error`, or complete."""


class ResponseSource:
    """A response to show."""

    def __init__(self, response: ModelResponse | AsyncModelResponse) -> None:
        self._response = response
        self._call = response._call  # noqa: SLF001 - shown as one more reader of the call
        self._transcript = self._call.transcript

    def snapshots(self, others: Others) -> Any:
        """The snapshots, from the first one on."""
        reading = Reading(self._response, self._transcript)
        if isinstance(self._response, ModelResponse):
            return snapshots(self._response._call, reading, others)  # noqa: SLF001
        return asnapshots(self._response._call, reading, others)  # noqa: SLF001

    def attach(self, message: Message) -> None:
        """Make `message.cancel()` end the call, without keeping it alive."""
        call = weakref.ref(self._call)

        def cancel() -> None:
            running = call()
            if running is not None:
                running.cancel()

        message.attach(cancel, self._response.model_type, self._response.model_name)

    def stop(self) -> None:
        """End the call, unless it has other readers."""
        if not self._transcript.readings:
            self._response.cancel()

    def outcome(self, error: BaseException | None) -> Outcome:
        """The outcome: that of `error`, or complete."""
        response = self._response
        calls = tuple(response.tool_calls)
        if error is None:
            return Outcome("complete", response.finish_reason, response.usage, tool_calls=calls)
        reported = response.error or _as_exception(error, self._transcript)
        return Outcome(_state(error), None, response.usage, reported, calls)


class PairSource:
    """Third-party pairs `(last, text so far)` to show."""

    def __init__(self, items: Iterable[Any] | AsyncIterable[Any]) -> None:
        self._items = items
        self._pairs = PairReader()
        self._cancelled = False

    def snapshots(self, others: Others) -> Any:
        """The snapshots for the pairs; reads them to their end."""
        if isinstance(self._items, AsyncIterable):
            return self._awaited(self._items)
        return self._iterated(self._items)

    def attach(self, message: Message) -> None:
        """Make `message.cancel()` end it, at the next pair."""
        message.attach(self._cancel)

    def stop(self) -> None:
        """Do nothing: the generator is already closed."""

    def outcome(self, error: BaseException | None) -> Outcome:
        """The outcome: that of `error`, or complete."""
        if error is None:
            return Outcome("complete", "stop")
        return Outcome(_state(error), error=_as_exception(error, self._pairs))

    def _iterated(self, items: Iterable[Any]) -> Iterator[Snapshot]:
        try:
            for item in items:
                self._check_cancelled()
                yield from self._pairs.take(item)
        finally:
            if isinstance(items, Generator):
                items.close()
        self._check_end()

    async def _awaited(self, items: AsyncIterable[Any]) -> AsyncIterator[Snapshot]:
        try:
            async for item in items:
                self._check_cancelled()
                for snapshot in self._pairs.take(item):
                    yield snapshot
        finally:
            if isinstance(items, AsyncGenerator):
                await items.aclose()
        self._check_end()

    def _cancel(self) -> None:
        self._cancelled = True

    def _check_cancelled(self) -> None:
        if self._cancelled and not self._pairs.finished:
            raise _ended_early(self._pairs)

    def _check_end(self) -> None:
        if not self._pairs.finished:
            raise self._pairs.truncated()


def source_of(content: Any) -> ShowSource:
    """The source for the content of `show`. Raises `TypeError` for unsupported content."""
    content = response_of(content) or content
    if isinstance(content, ModelResponse):
        return ResponseSource(content)
    if isinstance(content, str):
        return PairSource([(False, content), (True, content)])
    if isinstance(content, Iterable) and not isinstance(content, bytes | Mapping):
        return PairSource(content)
    if isinstance(content, AsyncModelResponse | AsyncIterable | Awaitable):
        raise TypeError(f"show can't await a {type(content).__name__}: use `await ashow(…)`.")
    raise TypeError(
        "show expects a str, a ModelResponse, or an iterable of (last, text so far), "
        f"not {type(content).__name__}."
    )


def async_source_of(content: Any) -> ShowSource:
    """The source for asynchronous or complete content of `ashow`. Raises `TypeError` for other content."""
    content = response_of(content) or content
    if isinstance(content, AsyncModelResponse):
        return ResponseSource(content)
    if isinstance(content, AsyncIterable):
        return PairSource(content)
    if isinstance(content, str):
        return PairSource(_as_async([(False, content), (True, content)]))
    if isinstance(content, list | tuple):
        return PairSource(_as_async(content))
    raise TypeError(
        "ashow expects a str, a response, or an iterable or async iterable of (last, text so far), "
        f"not {type(content).__name__}."
    )


def _state(error: BaseException) -> State:
    """`failed`, or `cancelled` by Ctrl-C, a cancelled task, or a caller."""
    cancelled = isinstance(error, StreamCancelledError) or not isinstance(error, Exception)
    return "cancelled" if cancelled else "failed"


def _as_exception(error: BaseException, so_far: CallSoFar) -> Exception:
    """The error for sinks: Ctrl-C and similar are only raised in the caller."""
    return error if isinstance(error, Exception) else _ended_early(so_far)


def _ended_early(so_far: CallSoFar) -> StreamCancelledError:
    error = StreamCancelledError("ended before the answer was complete")
    error.attach_call(so_far)
    return error


async def _as_async(pairs: Iterable[Any]) -> AsyncIterator[Any]:
    for pair in pairs:
        yield pair
