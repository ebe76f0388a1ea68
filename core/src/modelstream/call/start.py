"""Picks the kind of call for a caller and a wrapper: direct, or across a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from modelstream.call.pulled import PulledCall

if TYPE_CHECKING:
    from modelstream.call.in_loop import LoopCall
    from modelstream.call.in_thread import ThreadCall
    from modelstream.call.task import TaskCall
    from modelstream.request import Request
    from modelstream.wrapper import ModelWrapper


def start(wrapper: ModelWrapper, request: Request) -> PulledCall | LoopCall:
    """Create the call of a sync caller: pulled, or run in an event loop if the wrapper is async only."""
    if wrapper.implements("deltas"):
        return PulledCall(wrapper, request)
    _check_implements(wrapper, "adeltas")
    from modelstream.call.in_loop import LoopCall

    return LoopCall(wrapper, request)


def astart(wrapper: ModelWrapper, request: Request) -> TaskCall | ThreadCall:
    """Create the call of a coroutine: a task, or a thread if the wrapper is sync only."""
    # Imported here: sync programs never load asyncio, which costs more than the core itself.
    if wrapper.implements("adeltas"):
        from modelstream.call.task import TaskCall

        return TaskCall(wrapper, request)
    _check_implements(wrapper, "deltas")
    from modelstream.call.in_thread import ThreadCall

    return ThreadCall(wrapper, request)


def _check_implements(wrapper: ModelWrapper, method: Literal["deltas", "adeltas"]) -> None:
    if not wrapper.implements(method):
        raise TypeError(
            f"{type(wrapper).__name__} has neither a deltas nor an adeltas method: implement one of them"
        )
