"""Protocols for an HTTP answer as a stream of bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Protocol, runtime_checkable

from modelstream.call.error_bodies import http_error
from modelstream.errors import MalformedDataError, StreamError
from modelstream.wire.decoding import excerpt


class ByteStream(Protocol):
    """An HTTP answer whose body is read as it arrives."""

    status: int
    headers: Mapping[str, str]

    def __iter__(self) -> Iterator[bytes]:
        """The body in pieces as they arrive, with the content encoding decoded."""

    def read(self) -> bytes:
        """The whole body, for errors and for answers that are not streamed."""

    def drain(self) -> None:
        """Read the body to its end after the answer is complete, so that the connection can be reused."""

    def close(self) -> None:
        """Close the answer, and its connection unless that can be reused."""

    def abort(self) -> None:
        """Make a read that blocks in another thread return or raise at once."""


class AsyncByteStream(Protocol):
    """The same for coroutines. There is no `abort`: cancelling the task ends a read."""

    status: int
    headers: Mapping[str, str]

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The body in pieces as they arrive."""

    async def aread(self) -> bytes:
        """The whole body."""

    async def adrain(self) -> None:
        """Read the body to its end after the answer is complete, so that the connection can be reused."""

    async def aclose(self) -> None:
        """Close the answer, and its connection unless that can be reused."""


@runtime_checkable
class PushedStream(Protocol):
    """An `AsyncByteStream` that can also push its bytes from callbacks of the event loop."""

    async def apush(self, take: Callable[[bytes], bool]) -> bool:
        """Call `take` with each piece of the body as it arrives, in the event loop's callback.

        Returns True when the body has ended, and False if `take` returned False before; what arrives after
        that is kept for the next call. Raises what `take` raises.
        """


def is_success(status: int) -> bool:
    """Whether an HTTP status reports success: some servers answer a POST with 201."""
    return 200 <= status < 300


def is_refusal(answer: ByteStream | AsyncByteStream) -> bool:
    """Whether `answer` is an error or a web page instead of an answer of the API."""
    return not is_success(answer.status) or "html" in (answer.headers.get("content-type") or "").lower()


def refusal_of(answer: ByteStream | AsyncByteStream, body: bytes) -> StreamError:
    """The error for a refusal with this body."""
    return refusal_from(answer.status, body, answer.headers)


def refusal_from(status: int, body: bytes, headers: Mapping[str, str]) -> StreamError:
    """The error for an answer with a status other than 2xx, or with a web page."""
    if not is_success(status):
        return http_error(status, body, headers)
    return MalformedDataError(
        f"the answer is a web page, not an answer of the API ({excerpt(body)}); check base_url", status=status
    )
