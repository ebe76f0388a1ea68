"""The HTTP response under an answer of LiteLLM, and its body on the way to LiteLLM."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any

from modelstream.wire import watchdog

if TYPE_CHECKING:
    from modelstream_litellm.witness import Witness

_DEEPEST = 5
_LEAVES = (str, int, float, bytes, list, dict, type, ModuleType, type(None))
_FRAMES = ("gi_frame", "ag_frame", "cr_frame")


def response_in(answer: Any) -> Any:
    """The HTTP response that a stream of LiteLLM reads, if it uses httpx and has not begun; else None.

    Some of LiteLLM's classes have it as an attribute, in others only a generator of its lines holds it.
    """
    found = _search(getattr(answer, "completion_stream", None) or answer, _is_response)
    return None if found is None or found.is_stream_consumed or found.is_closed else found


def wrapper_in(answer: Any) -> Any:
    """LiteLLM's own stream within an answer that a generator yields; None if there is none."""
    return _search(answer, lambda value: hasattr(value, "received_finish_reason"))


def _is_response(value: Any) -> bool:
    return hasattr(value, "iter_bytes") and hasattr(value, "extensions")


def _search(root: Any, is_wanted: Callable[[Any], bool]) -> Any:
    """Search attributes, and the variables of generators, level by level."""
    level, seen = [root], {id(root)}
    for _ in range(_DEEPEST):
        found = next((one for one in level if is_wanted(one)), None)
        if found is not None:
            return found
        held = [one for holder in level for name, one in _held(holder) if "logging" not in name]
        level = []
        for one in held:
            if id(one) not in seen and not isinstance(one, _LEAVES):
                seen.add(id(one))
                level.append(one)
    return None


def _held(holder: Any) -> list[tuple[str, Any]]:
    frames = (getattr(holder, name, None) for name in _FRAMES)
    frame = next((frame for frame in frames if frame is not None), None)
    values = getattr(holder, "__dict__", None) if frame is None else frame.f_locals
    return list(values.items()) if isinstance(values, dict) else []


def decoded(response: Any) -> Any:
    """A response with the same body whose content encoding is decoded by its reader.

    From now on `response` itself counts as one without an encoding.
    """
    if "content-encoding" not in response.headers:
        return response
    inner = type(response)(
        response.status_code,
        headers=response.headers,
        stream=response.stream,
        request=response.request,
        extensions=response.extensions,
    )
    del response.headers["content-encoding"]
    return inner


def forget_read_timeout(response: Any) -> None:
    """Let the call's own timeouts apply from now on, also where LiteLLM has httpx use aiohttp."""
    with suppress(Exception):
        inner = _search(response.stream, lambda value: hasattr(value, "_aiohttp_response"))
        protocol = inner._aiohttp_response.connection.protocol  # noqa: SLF001
        protocol.read_timeout = None
        protocol._drop_timeout()  # noqa: SLF001


def pass_on(response: Any, body: Body | AsyncBody) -> None:
    """Let LiteLLM read `body` from `response`."""
    library = sys.modules[type(response).__module__.partition(".")[0]]
    base = library.SyncByteStream if isinstance(body, Body) else library.AsyncByteStream
    # httpx accepts only instances of its own class.
    body.__class__ = type(body.__class__.__name__, (body.__class__, base), {})
    response.stream = body


class Body:
    """A body that LiteLLM reads: `head`, which was read already, and the rest of `pieces`."""

    def __init__(
        self,
        head: list[bytes],
        pieces: Iterator[bytes],
        witness: Witness,
        stream: Any,
        abort: Callable[[], None],
    ) -> None:
        self._head = head
        self._pieces = pieces
        self._witness = witness
        self._stream = stream
        self._abort = abort
        self._waits: object = None

    def __iter__(self) -> Iterator[bytes]:
        witness = self._witness
        for data in self._head:
            witness.feed(data)
            yield data
        while not witness.over and (data := self._next()) is not None:  # type: ignore[assignment]
            witness.feed(data)
            yield data
        witness.end()

    def _next(self) -> bytes | None:
        self._start_grace()
        try:
            return next(self._pieces, None)
        except Exception as error:
            self._witness.lost = error
            if self._witness.grace is not None:
                return None
            raise
        finally:
            self._waits = None

    def _start_grace(self) -> None:
        """End the body by force once the provider has been silent for long enough after its finish word."""
        grace = self._witness.grace
        if grace is None:
            return
        waits = self._waits = object()
        deadline = time.monotonic() + grace

        def check() -> float | None:
            if self._waits is not waits:
                return None
            if time.monotonic() < deadline:
                return deadline
            self._abort()
            return None

        watchdog().watch(check)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()


class AsyncBody:
    """The same for coroutines."""

    def __init__(
        self, head: list[bytes], pieces: AsyncIterator[bytes], witness: Witness, stream: Any
    ) -> None:
        self._head = head
        self._pieces = pieces
        self._witness = witness
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        witness = self._witness
        for data in self._head:
            witness.feed(data)
            yield data
        while not witness.over and (data := await self._next()) is not None:  # type: ignore[assignment]
            witness.feed(data)
            yield data
        witness.end()

    async def _next(self) -> bytes | None:
        limit = asyncio.timeout(self._witness.grace)
        try:
            async with limit:
                return await anext(self._pieces, None)
        except Exception as error:
            self._witness.lost = error
            if self._witness.grace is not None:
                return None
            raise

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()
