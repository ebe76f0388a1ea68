"""Shows an answer, a text, or a third-party stream on the sinks."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeGuard

from modelstream.response import AsyncModelResponse, ModelResponse
from modelstream.showing.broadcast import DRAIN_SECONDS, Broadcast
from modelstream.showing.sources import ShowSource, async_source_of, source_of
from modelstream.sinks.active import active
from modelstream.sinks.base import Message, Outcome, StreamSink
from modelstream.sinks.specs import SinkSpec, temporary_sinks

if TYPE_CHECKING:
    from modelstream.snapshot import Snapshot

Content = str | ModelResponse | Iterable[Any]
AsyncContent = Content | AsyncModelResponse | AsyncIterable[Any]


def show(
    content: Content,
    *,
    name: str = "assistant",
    role: str = "assistant",
    message: Message | None = None,
    sinks: SinkSpec | Iterable[SinkSpec] | None = None,
) -> None:
    """Show `content` on all sinks while it streams, as one message; returns when it is complete.

    `content` is a str, a response (sinks then also get reasoning, tool calls and usage), its `stream`, or any
    iterable of pairs `(last, text so far)`. `message` replaces `name` and `role`. `sinks` default to those of
    `init`.

    Raises what the stream raises, after the sinks have closed the message: a `StreamError`, a
    `TruncatedStreamError` for pairs that end without `last=True`, Ctrl-C. Ctrl-C and `message.cancel()` also
    end the call at the provider. Exceptions of sinks are logged.
    """
    message = message or Message(name, role)
    source = source_of(content)
    source.attach(message)
    _show(source, message, sinks)


async def ashow(
    content: AsyncContent | Awaitable[AsyncContent],
    *,
    name: str = "assistant",
    role: str = "assistant",
    message: Message | None = None,
    sinks: SinkSpec | Iterable[SinkSpec] | None = None,
) -> None:
    """Like `show`, from a coroutine; also for async responses, async iterables, and awaitables of them.

    A sync response or iterator is read in a separate thread, so that it does not block the event loop.
    """
    if isinstance(content, Awaitable):
        content = await content
    message = message or Message(name, role)
    if _would_block(content):
        source = source_of(content)
        source.attach(message)
        await _in_thread(partial(_show, source, message, sinks), message.cancel)
        return
    source = async_source_of(content)
    source.attach(message)
    await _ashow(source, message, sinks)


def _show(source: ShowSource, message: Message, sinks: SinkSpec | Iterable[SinkSpec] | None) -> None:
    snapshot = broadcast = error = None
    with _sinks(sinks) as chosen:
        try:
            broadcast = Broadcast(message, chosen)
            with closing(source.snapshots(broadcast.write_delta)) as snapshots:
                for snapshot in snapshots:
                    broadcast.write(snapshot)
        except BaseException as raised:
            error = raised
            if not isinstance(raised, Exception):
                source.stop()
            raise
        finally:
            outcome = _outcome(source, snapshot, error)
            error = None  # it refers to this frame, and so to the response
            if broadcast is not None:
                broadcast.close(outcome)
                broadcast.drain()


async def _ashow(source: ShowSource, message: Message, sinks: SinkSpec | Iterable[SinkSpec] | None) -> None:
    # A task cancelled while it awaits a delta has ended the call, unless other tasks wait for it too.
    snapshot = error = None
    with _sinks(sinks) as chosen:
        broadcast = Broadcast(message, chosen)
        snapshots = source.snapshots(broadcast.write_delta)
        try:
            async for snapshot in snapshots:
                broadcast.write(snapshot)
        except BaseException as raised:
            error = raised
            raise
        finally:
            broadcast.close(_outcome(source, snapshot, error))
            if not isinstance(error, GeneratorExit):  # a coroutine that is being closed can't await any more
                error = None
                await snapshots.aclose()
                await broadcast.adrain()


def _outcome(source: ShowSource, shown: Snapshot | None, error: BaseException | None) -> Outcome:
    # An error after last=True is ignored: the answer is complete.
    return source.outcome(None if shown is not None and shown.last else error)


def _sinks(specs: SinkSpec | Iterable[SinkSpec] | None) -> AbstractContextManager[Sequence[StreamSink]]:
    if specs is not None:
        return temporary_sinks(specs)
    return nullcontext(active.get())


def _would_block(content: AsyncContent) -> TypeGuard[ModelResponse | Iterable[Any]]:
    complete = (str, bytes, Mapping, list, tuple)
    return isinstance(content, ModelResponse | Iterable) and not isinstance(content, complete)


async def _in_thread(work: Callable[[], None], cancel: Callable[[], None]) -> None:
    """Run `work` in a thread; on cancellation, call `cancel` and wait up to `DRAIN_SECONDS` for its end."""
    import asyncio

    loop = asyncio.get_running_loop()
    done = loop.create_future()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            failures.append(error)
        finally:
            with suppress(RuntimeError):  # the loop was closed: no task waits
                loop.call_soon_threadsafe(done.set_result, None)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name="modelstream-show", daemon=True).start()
    try:
        await asyncio.wait({done})
    except asyncio.CancelledError:
        cancel()
        await asyncio.wait({done}, timeout=DRAIN_SECONDS)
        raise
    if failures:
        raise failures.pop()
