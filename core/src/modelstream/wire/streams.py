"""What a wrapper must be able to open: an HTTP answer as bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Protocol, runtime_checkable

from modelstream.call.error_mapping import http_error
from modelstream.errors import MalformedDataError, StreamError
from modelstream.wire.decoding import excerpt


class ByteStream(Protocol):
    """An HTTP answer whose body is read as it arrives."""

    status: int
    headers: Mapping[str, str]

    def __iter__(self) -> Iterator[bytes]:
        """The body in the pieces in which it arrived, content encoding undone."""

    def read(self) -> bytes:
        """The whole body; for errors, and for answers that are not streamed."""

    def drain(self) -> None:
        """The answer is complete: read the end of the body, for the connection to be used again."""

    def close(self) -> None:
        """Let go of the connection."""

    def abort(self) -> None:
        """Make a read that blocks in another thread return or raise at once."""


class AsyncByteStream(Protocol):
    """The same for coroutines; a cancelled task is all the waking it needs."""

    status: int
    headers: Mapping[str, str]

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The body in the pieces in which it arrived."""

    async def aread(self) -> bytes:
        """The whole body."""

    async def adrain(self) -> None:
        """The answer is complete: read the end of the body, if it is there."""

    async def aclose(self) -> None:
        """Let go of the connection."""


@runtime_checkable
class PushedStream(Protocol):
    """What an `AsyncByteStream` offers besides if its bytes come in callbacks of the event loop."""

    async def apush(self, take: Callable[[bytes], bool]) -> bool:
        """Call `take` with each piece of the body in the moment in which it arrives.

        Returns True when the body has ended, and False if `take` has returned False before; what arrives
        after that is there for the next call. Raises what `take` raises.
        """


def refused(answer: ByteStream | AsyncByteStream) -> bool:
    """Whether `answer` is no answer of the API, so that its body has to be read to say why."""
    return answer.status != 200 or "html" in (answer.headers.get("content-type") or "").lower()


def refusal_of(answer: ByteStream | AsyncByteStream, body: bytes) -> StreamError:
    """The error that a refused answer means."""
    return refusal_from(answer.status, body, answer.headers)


def refusal_from(status: int, body: bytes, headers: Mapping[str, str]) -> StreamError:
    """The error for an answer with another status than 200, or with a web page."""
    if status != 200:
        return http_error(status, body, headers)
    return MalformedDataError(
        f"the answer is a web page and not the API's ({excerpt(body)}); is base_url right?", status=status
    )
