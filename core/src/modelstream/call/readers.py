"""Readers of a call: each walks the delta log from its first item on, at its own pace.

Sync readers pull the call when they have read everything; async ones wait for it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from typing import TYPE_CHECKING

from modelstream.call.delta_log import BLOCK, walk
from modelstream.deltas import Delta, Finish, TextDelta
from modelstream.snapshot import Snapshot

if TYPE_CHECKING:
    from modelstream.call.in_loop import LoopCall
    from modelstream.call.in_thread import ThreadCall
    from modelstream.call.pulled import PulledCall
    from modelstream.call.task import TaskCall
    from modelstream.call.transcript import Transcript

Others = Callable[[Delta], None]
"""Called with each delta that is not text, in order."""


class Reading:
    """One reader of a transcript, counted there from its first step to its last.

    It refers to its `response`, because a response without references ends its call.
    """

    def __init__(self, response: object, transcript: Transcript) -> None:
        self.response = response
        self.begun: bool = False
        self._transcript = transcript

    def __enter__(self) -> None:
        self.begun = True
        self._transcript.readings_begun += 1
        self._transcript.readings += 1

    def __exit__(self, *exc: object) -> None:
        self._transcript.readings -= 1


def raise_error(transcript: Transcript) -> None:
    """Raise the error that ended the call early, if there is one."""
    if transcript.error is not None:
        # Every reader raises the same object; without this, each would extend its traceback.
        raise transcript.error.with_traceback(None)


def _ignore(_: Delta) -> None:
    pass


def snapshots(
    call: PulledCall | LoopCall, reading: Reading, others: Others = _ignore
) -> Generator[Snapshot, None, None]:
    """Yield the snapshots of a call; `others` is called with the deltas between them that are not text."""
    # `walk` inlined: a second generator would double the cost of every delta.
    transcript, advance = call.transcript, call.advance
    log = transcript.log
    base, items = log.block_at(0)
    at = offset = 0
    with reading:
        while True:
            if at < len(items):
                item = items[at]
                at += 1
                if type(item) is str:
                    end = offset + len(item)
                    if end > transcript.shown:  # noqa: PLR1730 - a third of the cost of max()
                        transcript.shown = end
                    yield Snapshot(item, False, offset, log)  # noqa: FBT003
                    offset = end
                elif type(item) is Finish:
                    yield Snapshot("", True, offset, log)  # noqa: FBT003
                else:
                    others(item)  # type: ignore[arg-type]
            elif at == BLOCK and log.newest[0] != base:
                base, items = log.block_at(base + BLOCK)
                at = 0
            elif not transcript.ended:
                advance(base + at)
            elif at == len(items):
                break
    raise_error(transcript)


def deltas(call: PulledCall | LoopCall, reading: Reading) -> Generator[Delta, None, None]:
    """Yield the deltas of a call, typed and in order."""
    transcript, shown = call.transcript, 0
    with reading:
        for item in walk(transcript):
            if isinstance(item, int):
                call.advance(item)
            elif isinstance(item, str):
                shown += len(item)
                transcript.shown = max(transcript.shown, shown)
                yield TextDelta(item)
            else:
                yield item
    raise_error(transcript)


async def asnapshots(
    call: TaskCall | ThreadCall, reading: Reading, others: Others = _ignore
) -> AsyncGenerator[Snapshot, None]:
    """Like `snapshots`, for coroutines."""
    transcript, advance = call.transcript, call.advance
    log, offset = transcript.log, 0
    with reading:
        for item in walk(transcript):
            if type(item) is str:
                end = offset + len(item)
                if end > transcript.shown:  # noqa: PLR1730
                    transcript.shown = end
                yield Snapshot(item, False, offset, log)  # noqa: FBT003
                offset = end
            elif type(item) is int:
                await advance(item)
            elif type(item) is Finish:
                yield Snapshot("", True, offset, log)  # noqa: FBT003
            else:
                others(item)  # type: ignore[arg-type]
    raise_error(transcript)


async def adeltas(call: TaskCall | ThreadCall, reading: Reading) -> AsyncGenerator[Delta, None]:
    """Like `deltas`, for coroutines."""
    transcript, shown = call.transcript, 0
    with reading:
        for item in walk(transcript):
            if isinstance(item, int):
                await call.advance(item)
            elif isinstance(item, str):
                shown += len(item)
                transcript.shown = max(transcript.shown, shown)
                yield TextDelta(item)
            else:
                yield item
    raise_error(transcript)
