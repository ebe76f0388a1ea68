"""The return values of LiteLLM as byte streams.

For providers with OpenAI's API, LiteLLM uses the openai SDK, and that SDK's HTTP response is read directly:
LiteLLM adds a finish where there was none, and costs fifty times as much per chunk. For all others its
chunks, which have OpenAI's shape, are written as the events that they represent, without an added finish.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from modelstream.wire import AsyncHttpxStream, HttpxStream
from modelstream_litellm.failures import map_error
from modelstream_litellm.finishes import Finishes

if TYPE_CHECKING:
    from modelstream.wire import AsyncByteStream, ByteStream

_JSON = {"content-type": "application/json"}


def stream_of(answer: Any, *, stream: bool) -> ByteStream:
    """The answer of `completion`."""
    if not stream:
        return Whole(answer)
    # For some providers LiteLLM sends the request only when the answer is read.
    if getattr(answer, "make_call", None) is not None:
        answer.fetch_sync_stream()
    response = _http_response(answer)
    return _Chunks(answer) if response is None else HttpxStream(response)


async def async_stream_of(answer: Any, *, stream: bool) -> AsyncByteStream:
    """The answer of `acompletion`."""
    if not stream:
        return Whole(answer)
    if getattr(answer, "make_call", None) is not None:
        await answer.fetch_stream()
    response = _http_response(answer)
    return _AsyncChunks(answer) if response is None else AsyncHttpxStream(response)


def _http_response(answer: Any) -> Any:
    """The HTTP response that the openai SDK streams, if LiteLLM uses it here."""
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
        return _single(self.read())

    def read(self) -> bytes:
        """The document."""
        return bytes(self._answer.model_dump_json().encode())

    async def aread(self) -> bytes:
        """The document."""
        return self.read()

    def drain(self) -> None:
        """Nothing to read."""

    async def adrain(self) -> None:
        """Nothing to read."""

    def close(self) -> None:
        """Nothing to close: LiteLLM has closed the connection."""

    async def aclose(self) -> None:
        """Nothing to close: LiteLLM has closed the connection."""

    def abort(self) -> None:
        """Nothing to abort: the whole answer is there."""


async def _single(document: bytes) -> AsyncIterator[bytes]:
    yield document


class _Stream:
    """The common part of both kinds of chunk streams."""

    status = 200
    headers: Mapping[str, str] = {"content-type": "text/event-stream"}

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self._finishes = Finishes(answer)
        # LiteLLM ends a stream with a hundred equal chunks, as a loop of the model; but it may be a table.
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
            raise map_error(error, reading=True) from error

    def read(self) -> bytes:
        """The rest of the stream."""
        return b"".join(self)

    def drain(self) -> None:
        """Nothing to read: a stream of chunks is read to its end."""

    def close(self) -> None:
        """Close the stream that LiteLLM reads from, if it can be found."""
        for closable in (getattr(self._answer, "completion_stream", None), self._answer):
            close = getattr(closable, "close", None)
            if close is not None:
                with suppress(Exception):
                    close()

    def abort(self) -> None:
        """Wake a blocked reader, if the HTTP response can be found in LiteLLM's code for the provider."""
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
            raise map_error(error, reading=True) from error

    async def aread(self) -> bytes:
        """The rest of the stream."""
        return b"".join([data async for data in self])

    async def adrain(self) -> None:
        """Nothing to read: a stream of chunks is read to its end."""

    async def aclose(self) -> None:
        """Close the stream that LiteLLM reads from."""
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
