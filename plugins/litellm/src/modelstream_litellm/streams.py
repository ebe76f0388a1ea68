"""The return values of LiteLLM as byte streams.

LiteLLM adds a finish and token counts where there were none, and costs fifty times as much per chunk as our
own reading. So the HTTP response under its stream is read directly where the provider has OpenAI's shape.
For all others LiteLLM's chunks, which have that shape, are written as the events that they represent, with
the finish that the provider itself sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from modelstream.errors import MalformedDataError
from modelstream.wire import AsyncHttpxStream, HttpxStream, as_stream_error
from modelstream_litellm.bodies import (
    AsyncBody,
    Body,
    decoded,
    forget_read_timeout,
    pass_on,
    response_in,
    wrapper_in,
)
from modelstream_litellm.documents import is_openai, sent_usage
from modelstream_litellm.failures import is_missing_finish, map_error
from modelstream_litellm.wholes import Original, Whole, finish_in
from modelstream_litellm.witness import Lines, Witness

if TYPE_CHECKING:
    from modelstream.wire import AsyncByteStream, ByteStream, EndMarker

_CONVERTED = ("DatabricksChatResponseIterator", "SnowflakeStreamingHandler")
"""LiteLLM's readers of answers that have OpenAI's shape, but not its fields for text and tool calls."""

_LONGEST_HEAD = 1024 * 1024


class Call(NamedTuple):
    """What the streams need to know of a call. `is_mock` means that LiteLLM itself makes the answer up."""

    original: Original
    is_mock: bool = False
    marker: EndMarker | None = None
    idle_timeout: float | None = None


def stream_of(answer: Any, call: Call, *, stream: bool) -> ByteStream:
    """The answer of `completion`."""
    if not stream:
        return Whole(answer, call.original)
    # For some providers LiteLLM sends the request only when the answer is read.
    if getattr(answer, "make_call", None) is not None:
        answer.fetch_sync_stream()
    response = response_in(answer)
    if response is None:
        return _Chunks(answer, call)
    return HttpxStream(response) if _is_of_openai(answer) else _WatchedChunks(answer, call, response)


async def async_stream_of(answer: Any, call: Call, *, stream: bool) -> AsyncByteStream:
    """The answer of `acompletion`."""
    if not stream:
        return Whole(answer, call.original)
    if getattr(answer, "make_call", None) is not None:
        await answer.fetch_stream()
    response = response_in(answer)
    if response is None:
        return _AsyncChunks(answer, call)
    forget_read_timeout(response)
    return (
        AsyncHttpxStream(response) if _is_of_openai(answer) else _WatchedAsyncChunks(answer, call, response)
    )


def _is_of_openai(answer: Any) -> bool:
    """Whether the openai SDK reads the answer."""
    stream: Any = getattr(answer, "completion_stream", None)
    return type(stream).__module__.split(".")[0] == "openai"


class _Stream:
    """The common part of all kinds of chunk streams."""

    status = 200
    headers: Mapping[str, str] = {"content-type": "text/event-stream"}

    def __init__(self, answer: Any, call: Call) -> None:
        self._answer = answer
        self._call = call
        self._finish: str | None = None  # LiteLLM's
        self._wrapper: Any = None
        # LiteLLM ends a stream with a hundred equal chunks, as a loop of the model; but it may be a table.
        with suppress(AttributeError):
            answer.raise_on_model_repetition = _nothing

    def _event(self, chunk: Any) -> bytes:
        """The event for a chunk, without a finish."""
        if self._wrapper is None:
            self._wrapper = wrapper_in(self._answer) or self._answer
        document = chunk.model_dump(mode="json", exclude_none=True)
        for choice in document.get("choices") or ():
            self._finish = choice.pop("finish_reason", None) or self._finish
        if "usage" in document:
            document["usage"] = self._counts(document["usage"])
        return _written(document)

    def _counts(self, usage: Any) -> Any:
        """The counts of a chunk that the provider sent."""
        facts = self._call.original.facts()
        if facts is not None:
            return sent_usage(facts.counts, usage)
        chunks = getattr(self._wrapper, "chunks", None) or ()
        is_sent = self._call.is_mock or any(getattr(chunk, "usage", None) for chunk in chunks)
        return usage if is_sent else None

    def _end(self, error: Exception | None) -> bytes:
        """The events at the end of a stream whose bytes were not seen."""
        if error is not None and not is_missing_finish(error):
            raise map_error(error, reading=True) from error
        facts = self._call.original.facts()
        if facts is not None:  # LiteLLM has divided a whole answer
            if facts.error is not None:
                raise facts.error
            return _ended(finish_in(facts.word, self._finish))
        is_from_provider = error is None and (self._call.is_mock or self._received())
        return _ended(self._finish or "stop") if is_from_provider else b""

    def _received(self) -> bool:
        """Whether LiteLLM has a finish from a provider: one of its caches, or code of the user."""
        names = ("received_finish_reason", "intermittent_finish_reason")
        return any(getattr(self._wrapper, name, None) for name in names)


class _Chunks(_Stream):
    """A stream of chunks, read in a thread."""

    def __iter__(self) -> Iterator[bytes]:
        failure = None
        try:
            for chunk in self._answer:
                yield self._event(chunk)
        except Exception as error:  # noqa: BLE001 - mapped by _end
            failure = error
        yield self._end(failure)

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
        """Nothing to abort: LiteLLM's connection is unknown."""


class _AsyncChunks(_Stream):
    """A stream of chunks for coroutines."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        failure = None
        try:
            async for chunk in self._answer:
                yield self._event(chunk)
        except Exception as error:  # noqa: BLE001 - mapped by _end
            failure = error
        yield self._end(failure)

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


class _Watched(_Stream):
    """The common part of streams whose HTTP response is known."""

    _is_direct = False

    def __init__(self, answer: Any, call: Call, response: Any) -> None:
        super().__init__(answer, call)
        self._response = response
        self.status = response.status_code
        self.headers = dict(response.headers)
        content_type = self.headers.get("content-type") or ""
        self._witness = Witness(content_type, call.marker, call.idle_timeout)
        stream: Any = getattr(answer, "completion_stream", None)
        is_converted = type(stream).__name__ in _CONVERTED or getattr(stream, "json_mode", None)
        self._shape = None if is_converted else Shape()

    def _counts(self, usage: Any) -> Any:
        return sent_usage(self._witness.counts, usage)

    def _end(self, error: Exception | None) -> bytes:
        witness = self._witness
        if witness.error is not None:
            raise witness.error
        if error is None:
            witness.end()
        elif witness.lost is not None and witness.finish is None:
            raise as_stream_error(witness.lost, first_delta_seen=True) from error
        elif not witness.ended or not (is_missing_finish(error) or self._is_cut()):
            raise map_error(error, reading=True) from error
        if witness.is_malformed:  # LiteLLM takes such a frame for the end
            raise MalformedDataError("the provider sent a frame that is not JSON")
        if witness.finish is not None:
            return _ended(finish_in(witness.finish.raw or witness.finish.reason, self._finish))
        if witness.rest:
            raise witness.ending.truncated(witness.rest)
        return b""

    def _is_cut(self) -> bool:
        """Whether the body ended before the answer did, which may be all that LiteLLM could not read."""
        return self._witness.finish is None and not self._witness.is_malformed


class _WatchedChunks(_Watched, _Chunks):
    """A stream whose HTTP response is known, read in a thread."""

    def __init__(self, answer: Any, call: Call, response: Any) -> None:
        super().__init__(answer, call, response)
        self._http = HttpxStream(response)

    def __iter__(self) -> Iterator[bytes]:
        original = self._response.stream
        source = HttpxStream(decoded(self._response))
        pieces, head = iter(source), []
        shape = self._shape
        while shape is not None and shape.is_openai is None and (data := next(pieces, None)) is not None:
            head.append(data)
            shape.feed(data)
        if shape is not None and shape.end():
            self._direct = source
            yield from head
            yield from pieces
            return
        pass_on(self._response, Body(head, pieces, self._witness, original, self._http.abort))
        yield from super().__iter__()

    _direct: HttpxStream | None = None

    def read(self) -> bytes:
        """The whole body."""
        return self._http.read()

    def drain(self) -> None:
        """Read the body to its end, if it is read directly."""
        if self._direct is not None:
            self._direct.drain()

    def close(self) -> None:
        """Close the stream that LiteLLM reads from."""
        super().close()
        with suppress(Exception):
            self._http.close()

    def abort(self) -> None:
        """Wake a blocked reader."""
        self._http.abort()


class _WatchedAsyncChunks(_Watched, _AsyncChunks):
    """The same for coroutines."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        original = self._response.stream
        source = AsyncHttpxStream(decoded(self._response))
        pieces, head = aiter(source), []
        shape = self._shape
        while shape is not None and shape.is_openai is None:
            data = await anext(pieces, None)
            if data is None:
                break
            head.append(data)
            shape.feed(data)
        if shape is not None and shape.end():
            self._direct = source
            for data in head:
                yield data
            async for data in pieces:
                yield data
            return
        pass_on(self._response, AsyncBody(head, pieces, self._witness, original))
        async for event in super().__aiter__():
            yield event

    _direct: AsyncHttpxStream | None = None

    async def aread(self) -> bytes:
        """The whole body."""
        return bytes(await self._response.aread())

    async def adrain(self) -> None:
        """Read the body to its end, if it is read directly."""
        if self._direct is not None:
            await self._direct.adrain()

    async def aclose(self) -> None:
        """Close the stream that LiteLLM reads from."""
        await super().aclose()
        with suppress(Exception):
            await self._response.aclose()


class Shape:
    """Finds out by the first frames of a body whether they have OpenAI's shape."""

    def __init__(self) -> None:
        self.is_openai: bool | None = None
        self._lines = Lines()
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Look at the next piece of the body."""
        self._size += len(data)
        self._look(self._lines.feed(data))
        if self.is_openai is None and (self._size > _LONGEST_HEAD or self._lines.is_malformed):
            self.is_openai = False

    def end(self) -> bool:
        """Whether it is OpenAI's shape, by all that there is to see."""
        if self.is_openai is None:
            self._look(self._lines.finish())
        return bool(self.is_openai)

    def _look(self, documents: Iterator[dict[str, Any] | None]) -> None:
        for document in documents:
            self.is_openai = document is None or is_openai(document)
            if self.is_openai is not None:
                return


def _written(document: dict[str, Any]) -> bytes:
    return b"data: %b\n\n" % msgspec.json.encode(document)


def _ended(finish: str | None) -> bytes:
    """The events of the end, if there is a finish."""
    if finish is None:
        return b""
    return _written({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}) + b"data: [DONE]\n\n"


def _nothing() -> None:
    pass
