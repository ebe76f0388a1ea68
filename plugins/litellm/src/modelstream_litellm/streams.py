"""What LiteLLM returns, as byte streams.

For OpenAI-shaped providers LiteLLM stands on the openai SDK, and its HTTP response is read directly: LiteLLM
makes up a finish where there was none, and costs fifty times as much per chunk. For all others its chunks,
which have OpenAI's shape, are written out as the events that they stand for, less what it made up.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from modelstream.wire import AsyncHttpxStream, HttpxStream
from modelstream_litellm.failures import as_ours
from modelstream_litellm.finishes import Finishes

if TYPE_CHECKING:
    from modelstream.wire import AsyncByteStream, ByteStream

_JSON = {"content-type": "application/json"}


def stream_of(answer: Any, *, stream: bool) -> ByteStream:
    """The answer of `completion`."""
    if not stream:
        return Whole(answer)
    # Of some providers it would not even ask for the answer before it is read.
    if getattr(answer, "make_call", None) is not None:
        answer.fetch_sync_stream()
    response = _response_behind(answer)
    return _Chunks(answer) if response is None else HttpxStream(response)


async def async_stream_of(answer: Any, *, stream: bool) -> AsyncByteStream:
    """The answer of `acompletion`."""
    if not stream:
        return Whole(answer)
    if getattr(answer, "make_call", None) is not None:
        await answer.fetch_stream()
    response = _response_behind(answer)
    return _AsyncChunks(answer) if response is None else AsyncHttpxStream(response)


def _response_behind(answer: Any) -> Any:
    """The HTTP response that the openai SDK streams, if that is what LiteLLM stands on here."""
    stream: Any = getattr(answer, "completion_stream", None)
    if type(stream).__module__.split(".")[0] == "openai":
        return getattr(stream, "response", None)
    return None


class Whole:
    """An answer that is not streamed: one document."""

    status = 200
    headers: Mapping[str, str] = _JSON

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield self.read()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _of_one(self.read())

    def read(self) -> bytes:
        """The document."""
        return bytes(self._answer.model_dump_json().encode())

    async def aread(self) -> bytes:
        """The document."""
        return self.read()

    def drain(self) -> None:
        """Nothing is left."""

    async def adrain(self) -> None:
        """Nothing is left."""

    def close(self) -> None:
        """LiteLLM has closed what there was."""

    async def aclose(self) -> None:
        """LiteLLM has closed what there was."""

    def abort(self) -> None:
        """Nothing is waited for."""


async def _of_one(document: bytes) -> AsyncIterator[bytes]:
    yield document


class _Stream:
    """What both kinds of streams of chunks have in common."""

    status = 200
    headers: Mapping[str, str] = {"content-type": "text/event-stream"}

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self._finishes = Finishes(answer)
        # It takes a hundred times the same chunk for a loop of the model's, and ends the stream. It may be a
        # table.
        answer.raise_on_model_repetition = _nothing

    def _event(self, chunk: Any) -> bytes:
        document = chunk.model_dump_json(exclude_none=True)
        ended = any(getattr(choice, "finish_reason", None) for choice in chunk.choices)
        if not self._finishes.sent() and ended:
            return b""
        return b"data: %b\n\n" % document.encode()


class _Chunks(_Stream):
    """A stream of chunks, read in a thread."""

    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._answer:
                yield self._event(chunk)
        except Exception as error:
            raise as_ours(error, reading=True) from error

    def read(self) -> bytes:
        """All that comes."""
        return b"".join(self)

    def drain(self) -> None:
        """A stream of chunks is read to its end."""

    def close(self) -> None:
        """Close what LiteLLM reads from, as far as it lets us."""
        for closable in (getattr(self._answer, "completion_stream", None), self._answer):
            close = getattr(closable, "close", None)
            if close is not None:
                with suppress(Exception):
                    close()

    def abort(self) -> None:
        """Wake a reader that blocks, if its HTTP response can be found in the provider's code in LiteLLM."""
        response = _response_in(getattr(self._answer, "completion_stream", None))
        if response is not None:
            HttpxStream(response).abort()


class _AsyncChunks(_Stream):
    """A stream of chunks for coroutines."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._answer:
                yield self._event(chunk)
        except Exception as error:
            raise as_ours(error, reading=True) from error

    async def aread(self) -> bytes:
        """All that comes."""
        return b"".join([data async for data in self])

    async def adrain(self) -> None:
        """A stream of chunks is read to its end."""

    async def aclose(self) -> None:
        """Close what LiteLLM reads from."""
        close = getattr(self._answer, "aclose", None)
        if close is not None:
            with suppress(Exception):
                await asyncio.wait_for(close(), 1)


def _response_in(stream: Any) -> Any:
    """The HTTP response whose lines a provider's stream reads, where it keeps them as an attribute."""
    for held in (stream, *getattr(stream, "__dict__", {}).values()):
        frame = getattr(held, "gi_frame", None)
        reader = frame.f_locals.get("self") if frame is not None else held
        if hasattr(reader, "iter_bytes") and hasattr(reader, "extensions"):
            return reader
    return None


def _nothing() -> None:
    pass
