"""The three timeouts and the grace after the end marker: what they measure, and when they expire.

The limits are small and the margins wide, for a machine that is busy with other things.
"""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from reading import ALL_FOUR, ASYNC_CALLER, SYNC_CALLER, alook, aread, look, read, run
from scripted import LIMIT, BothScripted, Gate, SyncScripted

from modelstream.deltas import Finish, UsageDelta
from modelstream.errors import StreamTimeoutError

every_way = pytest.mark.parametrize(("wrapper", "is_async"), ALL_FOUR.values(), ids=ALL_FOUR)
sync_callers = pytest.mark.parametrize("wrapper", SYNC_CALLER.values(), ids=SYNC_CALLER)
async_callers = pytest.mark.parametrize("wrapper", ASYNC_CALLER.values(), ids=ASYNC_CALLER)

SMALL = 0.2
LATE = 2.0
"""How much longer than the limit a busy machine may take; the unit tests of timeouts check exact times."""


def timed(wrapper: type, is_async: bool, script: list[Any], **config: Any) -> tuple[Any, float]:
    """What one call showed, and how long it took."""
    model = wrapper(script, max_retries=0, **config)
    since = time.monotonic()
    seen = look(model, is_async=is_async)
    took = time.monotonic() - since
    assert model.closed.wait(LIMIT)
    assert model.cancelled.wait(LIMIT)
    return seen, took


def assert_expired(seen: Any, took: float, timeout: str, text: str) -> None:
    error = seen.error
    assert isinstance(error, StreamTimeoutError)
    assert (error.clock, error.seconds) == (timeout, SMALL)
    assert f"{timeout}_timeout" in str(error)
    assert error.partial_text == text
    assert error.retryable
    assert SMALL <= took < SMALL * 1.5 + LATE


# Each timeout expires after its own limit, however large the others are


@every_way
@pytest.mark.parametrize("script", [[], [None], [None, "", []]], ids=["nothing", "accepted", "empty deltas"])
def test_the_first_delta(wrapper: type, is_async: bool, script: list[Any]) -> None:
    seen, took = timed(wrapper, is_async, [*script, Gate()], first_delta_timeout=SMALL)
    assert_expired(seen, took, "first_delta", "")
    assert not seen.error.first_delta_seen


@every_way
@pytest.mark.parametrize("others", [{}, {"first_delta_timeout": None, "total_timeout": None}])
def test_idle(wrapper: type, is_async: bool, others: dict[str, Any]) -> None:
    seen, took = timed(wrapper, is_async, ["a", "b", Gate()], idle_timeout=SMALL, **others)
    assert_expired(seen, took, "idle", "ab")
    assert seen.error.first_delta_seen


@every_way
@pytest.mark.parametrize("script", [["a", "b"], [None]])
def test_total(wrapper: type, is_async: bool, script: list[Any]) -> None:
    seen, took = timed(wrapper, is_async, [*script, Gate()], total_timeout=SMALL)
    assert_expired(seen, took, "total", "ab" if "a" in script else "")


@every_way
def test_total_over_an_answer_that_goes_on_and_on(wrapper: type, is_async: bool) -> None:
    def pace(_: Any) -> Any:
        return asyncio.sleep(0.01) if wrapper is not SyncScripted else time.sleep(0.01)

    seen, took = timed(wrapper, is_async, ["a", pace] * 1000, total_timeout=SMALL, idle_timeout=10)
    assert_expired(seen, took, "total", seen.error.partial_text)
    assert set(seen.error.partial_text) == {"a"}


@every_way
def test_a_timeout_that_is_off_does_not_expire(wrapper: type, is_async: bool) -> None:
    gate = Gate()
    model = wrapper(
        ["a", gate, "b", Finish()], first_delta_timeout=None, idle_timeout=None, total_timeout=None
    )
    threading.Timer(SMALL, gate.open).start()
    assert look(model, is_async=is_async).text == "ab"


@every_way
def test_deltas_in_time_prevent_timeouts(wrapper: type, is_async: bool) -> None:
    def pace(_: Any) -> Any:
        return asyncio.sleep(SMALL / 4) if wrapper is not SyncScripted else time.sleep(SMALL / 4)

    limits = {"first_delta_timeout": SMALL * 3, "idle_timeout": SMALL * 3}
    model = wrapper([*[pace, "a"] * 10, Finish()], **limits)
    assert look(model, is_async=is_async).text == "a" * 10


# Timeouts measure the provider and not the reader


@sync_callers
def test_a_slow_reader_causes_no_timeout(wrapper: type) -> None:
    response = wrapper(["a", "b", "c", Finish()], first_delta_timeout=SMALL, idle_timeout=SMALL)("hi")
    stream = response.stream
    time.sleep(SMALL * 1.5)
    seen = []
    for snapshot in stream:
        seen.append(tuple(snapshot))
        time.sleep(SMALL * 1.5)
    assert seen[-1] == (True, "abc")


@async_callers
@pytest.mark.parametrize("blocking", [False, True], ids=["awaiting", "blocking the loop"])
def test_a_slow_reader_causes_no_timeout_async(wrapper: type, blocking: bool) -> None:
    """Even one that blocks the event loop, so that neither wrapper nor timeout gets a turn."""

    async def main() -> list[Any]:
        gate = Gate()
        response = await wrapper(["a", gate, "b", "c", Finish()], idle_timeout=SMALL).acall("hi")
        seen = []
        async for snapshot in response.stream:
            seen.append(tuple(snapshot))
            await asyncio.sleep(SMALL / 2)  # time for a check of the timeouts
            gate.open()
            if blocking:
                time.sleep(SMALL * 1.5)  # noqa: ASYNC251
            else:
                await asyncio.sleep(SMALL * 1.5)
        return seen

    assert run(main(), debug=False)[-1] == (True, "abc")


def test_idle_does_not_count_the_time_before_the_wait() -> None:
    """The reader works right up to a check of the timeout; its wait begins after that."""
    response = SyncScripted(["a", Gate()], idle_timeout=SMALL)("hi")
    stream = response.stream
    assert next(stream) == (False, "a")
    time.sleep(SMALL * 1.1)
    since = time.monotonic()
    with pytest.raises(StreamTimeoutError):
        next(stream)
    assert SMALL <= time.monotonic() - since < SMALL * 1.5 + LATE


@async_callers
def test_a_reader_that_stopped_causes_no_timeout(wrapper: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that runs by itself waits for its readers when it is too far ahead of them."""
    monkeypatch.setattr("modelstream.call.backpressure.AHEAD", 10)

    async def main() -> None:
        response = await wrapper(["a"] * 50 + [Finish()], idle_timeout=SMALL).acall("hi")
        assert await anext(response.stream) == (False, "a")
        await asyncio.sleep(SMALL * 2)
        assert response.error is None
        assert len(response.partial_text) < 20
        assert await response.get_text() == "a" * 50

    run(main())


# After the end marker, the wrapper hangs


@every_way
@pytest.mark.parametrize(
    "limits", [{}, {"first_delta_timeout": None, "idle_timeout": None, "total_timeout": None}]
)
def test_a_wrapper_that_hangs_after_its_finish(
    wrapper: type, is_async: bool, limits: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelstream.call.timeouts.FINISH_GRACE", SMALL)
    seen, took = timed(wrapper, is_async, ["a", Finish(), UsageDelta(1), Gate(), UsageDelta(2)], **limits)
    assert seen.error is None
    assert seen.pairs == [(False, "a"), (True, "a")]
    assert seen.text == "a"
    assert seen.response.usage.input_tokens == 1
    assert SMALL <= took < SMALL * 1.5 + LATE


def test_the_grace_is_exact_even_if_the_other_limits_are_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A timeout that is checked eight times per limit would not be checked for half a minute."""
    monkeypatch.setattr("modelstream.call.timeouts.FINISH_GRACE", SMALL)
    response = SyncScripted(["a", Finish(), Gate()], first_delta_timeout=3000.0, idle_timeout=1000.0)("hi")
    since = time.monotonic()
    assert response.text == "a"
    assert SMALL <= time.monotonic() - since < SMALL * 1.5 + LATE


# Others


def test_a_call_that_is_slow_to_end_does_not_delay_the_timeouts_of_others() -> None:
    """The cancel callback of a plugin may take long; the watchdog must not wait for it."""
    release = threading.Event()
    model = SyncScripted(
        [lambda request: request.on_cancel(lambda: release.wait(LIMIT)), "a", Gate()], idle_timeout=SMALL / 2
    )
    thread = threading.Thread(target=lambda: read(model("hi").stream, []))
    thread.start()
    time.sleep(SMALL)
    seen, took = timed(BothScripted, False, ["b", Gate()], idle_timeout=SMALL)
    release.set()
    thread.join(LIMIT)
    assert_expired(seen, took, "idle", "b")


def test_many_calls_at_once_each_have_their_own_timeouts() -> None:
    limits = [SMALL * n for n in (1, 2, 3, 4)] * 3
    errors: dict[int, Any] = {}

    def call(number: int) -> None:
        since = time.monotonic()
        error = read(SyncScripted(["a", Gate()], idle_timeout=limits[number])("hi").stream, [])
        errors[number] = (error, time.monotonic() - since)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(len(limits))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    for number, limit in enumerate(limits):
        error, took = errors[number]
        assert error.seconds == limit
        assert limit <= took < limit * 1.5 + LATE


def test_a_dropped_call_is_not_kept_by_its_timeouts() -> None:
    """The watchdog checks again later; until then it must not hold the call."""
    model = SyncScripted(["a", Gate()])
    assert next(model("hi").stream) == (False, "a")
    assert model.closed.is_set()


async def _two_at_once(wrapper: type) -> list[Any]:
    slow, quick = wrapper(["a", Gate()], idle_timeout=SMALL), wrapper(["b", Finish()])
    return await asyncio.gather(alook(slow), alook(quick))


@async_callers
def test_a_timeout_of_one_call_does_not_affect_others(wrapper: type) -> None:
    slow, quick = run(_two_at_once(wrapper))
    assert isinstance(slow.error, StreamTimeoutError)
    assert quick.text == "b"


@async_callers
def test_several_readers_all_get_the_timeout(wrapper: type) -> None:
    async def main() -> None:
        response = await wrapper(["a", Gate()], idle_timeout=SMALL).acall("hi")
        errors = await asyncio.gather(*[aread(response.stream, []) for _ in range(5)])
        assert [error is response.error for error in errors] == [True] * 5

    run(main())


@every_way
def test_the_time_of_an_import_counts_for_no_timeout(wrapper: type, is_async: bool) -> None:
    def load(request: Any) -> None:
        with request.loading():
            time.sleep(0.8)

    limits = {"first_delta_timeout": 0.3, "idle_timeout": 0.3, "total_timeout": 0.5}
    seen = look(wrapper([load, None, "a", Finish()], **limits), is_async=is_async)
    assert seen.pairs == [(False, "a"), (True, "a")]


@every_way
def test_the_timeouts_go_on_after_an_import(wrapper: type, is_async: bool) -> None:
    def load(request: Any) -> None:
        with request.loading():
            time.sleep(0.4)

    seen = look(wrapper([load, Gate()], first_delta_timeout=0.2, max_retries=0), is_async=is_async)
    assert isinstance(seen.error, StreamTimeoutError)
    assert seen.error.clock == "first_delta"
