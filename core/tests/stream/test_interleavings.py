"""A close, a Ctrl-C, another reader, a collector: at every line of the loop, one after the other."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from every_line import at_every_check, at_every_line, in_time, meanwhile
from reading import aread, read, run
from scripted import LIMIT, AsyncScripted, SyncScripted

from modelstream.deltas import Finish, ReasoningDelta, UsageDelta
from modelstream.errors import StreamCancelledError, StreamError


def _listen(request: Any) -> None:
    request.on_cancel(lambda: None)


SCRIPT = [
    "a\ud83d",
    "\ude00",
    _listen,
    ["b", ReasoningDelta("hm"), "é"],
    None,
    "c",
    Finish(),
    UsageDelta(1, 2),
]
TEXT = "a😀béc"
PAIRS = [(False, "a"), (False, "a😀"), (False, "a😀b"), (False, "a😀bé"), (False, TEXT), (True, TEXT)]


class Play:
    """One call, read to its end with something happening on the way."""

    def __init__(self, wrapper: type = SyncScripted) -> None:
        self.model = wrapper(SCRIPT)
        self.response = self.model("hi")
        self.threads: list[threading.Thread] = []
        self.others: list[Any] = []

    def read(self, arm: Callable[[], None]) -> tuple[list[Any], Any]:
        stream = self.response.stream
        seen: list[Any] = []
        arm()
        error = read(stream, seen)
        return seen, error

    def check(self, seen: list[Any], error: StreamError | None) -> None:
        """The answer is either complete or cancelled, and to every reader the same."""
        for thread in self.threads:
            thread.join(LIMIT)
            assert not thread.is_alive()
        pairs = [tuple(one) for one in seen]
        assert pairs == PAIRS[: len(pairs)]
        assert self.response.error is error
        if error is None:
            assert pairs == PAIRS
        else:
            assert isinstance(error, StreamCancelledError)
            assert self.response.finish_reason is None
            assert pairs[-1][1] == self.response.partial_text == error.partial_text
        again: list[Any] = []
        assert read(self.response.stream, again) is error
        assert [tuple(one) for one in again] == pairs
        assert self.model.closed.wait(0.5), "the wrapper's generator stays open"


def plays(act: Callable[[Play], None], wrapper: type = SyncScripted, event: str = "line") -> Any:
    """Every play, with `act` at every line; what it saw, and the place for when something is wrong."""
    current: list[Play] = []

    def play(arm: Callable[[], None]) -> Any:
        current[:] = [Play(wrapper)]
        return current[0].read(arm)

    for place, (seen, error) in at_every_line(play, lambda: act(current[0]), event=event):
        try:
            current[0].check(seen, error)
        except AssertionError as wrong:
            wrong.add_note(f"after {place}")
            raise
        yield current[0], place


def test_a_close_in_the_same_thread() -> None:
    """As from a signal handler, or from the collector."""
    for _ in plays(lambda play: play.response.close()):
        pass


@pytest.mark.parametrize("wrapper", [SyncScripted, AsyncScripted])
def test_a_close_in_another_thread(wrapper: type) -> None:
    for _ in plays(lambda play: play.threads.append(meanwhile(play.response.close)), wrapper):
        pass


@pytest.mark.parametrize("wrapper", [SyncScripted, AsyncScripted])
def test_another_reader(wrapper: type) -> None:
    def act(play: Play) -> None:
        play.threads.append(meanwhile(lambda: play.others.append(list(play.response.stream))))

    for play, place in plays(act, wrapper):
        assert [tuple(one) for one in play.others[0]] == PAIRS, place


def test_another_reader_that_breaks_off() -> None:
    def act(play: Play) -> None:
        play.threads.append(meanwhile(lambda: play.others.append(next(play.response.stream))))

    for play, place in plays(act):
        assert play.others == [PAIRS[0]], place


def test_a_close_while_it_is_closed() -> None:
    def close(play: Play, arm: Callable[[], None]) -> Any:
        stream = play.response.stream
        seen = [next(stream)]
        arm()
        play.response.close()
        return seen, read(stream, seen)

    acts: list[Callable[[Play], None]] = [
        lambda play: play.response.close(),
        lambda play: play.threads.append(meanwhile(play.response.close)),
        lambda play: play.threads.append(meanwhile(partial(read, play.response.stream, []))),
    ]
    for act in acts:
        current: list[Play] = []

        def play(arm: Callable[[], None], current: list[Play] = current) -> Any:
            current[:] = [Play()]
            return close(current[0], arm)

        for _, (seen, error) in at_every_line(play, lambda act=act, current=current: act(current[0])):
            current[0].check(seen, error)


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.timeout(240)  # the collector runs at many places, and the heap of all tests is large
def test_ctrl_c_leaves_no_reader_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Later readers find a call that goes on or has ended; close() ends it in any case."""
    # The collector may free an earlier play's response: Python drops an interrupt in its `__del__`.
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)

    def play(arm: Callable[[], None]) -> None:
        model = SyncScripted(SCRIPT)
        response = model("hi")
        stream = response.stream
        seen: list[Any] = []
        current[:] = [model, response, seen]
        with suppress(KeyboardInterrupt):
            arm()
            read(stream, seen)

    current: list[Any] = []
    for place, _ in at_every_check(play, _interrupt):
        model, response, seen = current
        again: list[Any] = []
        error = in_time(partial(read, response.stream, again), partial(str, place))
        assert [tuple(one) for one in again] == PAIRS[: len(again)], place
        assert [tuple(one) for one in seen] == PAIRS[: len(seen)], place
        assert (error is None) == (len(again) == len(PAIRS)), place
        in_time(response.close)
        # Between two byte codes the closing may be missed; then it comes when the response goes.
        current.clear()
        del response, error, seen, again
        if not model.closed.is_set():
            gc.collect()
        assert model.closed.wait(LIMIT / 4), place


def test_ctrl_c_while_the_call_starts_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    # Python prints and drops an interrupt in `__del__`; pytest keeps it, and with its traceback the call.
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    model = SyncScripted(SCRIPT)

    def play(arm: Callable[[], None]) -> None:
        with suppress(KeyboardInterrupt):
            arm()
            model("hi")

    for place, _ in at_every_check(play, _interrupt):
        if model.requests and not model.closed.is_set():
            gc.collect()
        # The timeouts' thread may hold the call at this moment, and then it is the one to release it.
        assert not model.requests or model.closed.wait(LIMIT / 4), place
        model.closed.clear()
        model.requests.clear()


# Event loops: at every turn of the loop

ACTS: dict[str, Callable[[Any, Any], None]] = {
    "the reader is cancelled": lambda task, response: task.cancel(),
    "the call is cancelled": lambda task, response: response.cancel(),
    "the call is cancelled from another thread": lambda task, response: meanwhile(response.cancel, LIMIT),
    "both are cancelled": lambda task, response: (response.cancel(), task.cancel()),
}


async def _after_turns(turns: int, act: Callable[[], None]) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)
    act()


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize("wrapper", [SyncScripted, AsyncScripted])
def test_an_end_at_every_turn_of_the_loop(wrapper: type, act: Callable[[Any, Any], None]) -> None:
    async def main(turns: int) -> None:
        model = wrapper(["a", lambda _: asyncio.sleep(0) if wrapper is AsyncScripted else None, *SCRIPT[1:]])
        response = await model.acall("hi")
        seen: list[Any] = []
        task = asyncio.create_task(aread(response.stream, seen))
        await _after_turns(turns, lambda: act(task, response))
        (error,) = await asyncio.gather(task, return_exceptions=True)
        again: list[Any] = []
        ending = await asyncio.wait_for(aread(response.stream, again), LIMIT)
        assert ending is response.error
        assert (response.error is None) == (again[-1:] == [(True, again[-1].text if again else "")])
        assert error in (None, response.error) or isinstance(error, asyncio.CancelledError)
        assert [tuple(one) for one in seen] == [tuple(one) for one in again][: len(seen)]
        await response.aclose()
        assert await asyncio.to_thread(model.closed.wait, 0.5)

    for turns in range(25):
        run(main(turns))
