"""Timeouts are checked in time and no longer than needed, and the error says which one expired."""

from __future__ import annotations

import pytest

from modelstream.call import timeouts
from modelstream.call.timeouts import Timeouts
from modelstream.config import ModelConfig


class Call:
    """The part of a call that timeouts use."""

    count = 0
    grace = None
    ended = False
    waiting = True
    expired = None

    @property
    def progress(self):
        return self.count

    def expire(self, error):
        self.ended = True
        self.expired = error.clock if error else "quietly"


@pytest.fixture
def now(monkeypatch):
    """Time that passes only when the test says so."""

    class Time:
        passed = 1000.0

        def monotonic(self):
            return self.passed

    time = Time()
    with monkeypatch.context() as patch:
        patch.setattr(timeouts, "time", time)
        yield time
    # The thread of the process's own watchdog may have computed its sleep with the time of the test.
    watchdog = timeouts.watchdog.current
    if watchdog is not None:
        with watchdog._changed:
            watchdog._changed.notify()


def limits(first_delta=None, idle=None, total=None):
    return ModelConfig(
        model_type="any", first_delta_timeout=first_delta, idle_timeout=idle, total_timeout=total
    )


def watched(call, limits, now, until=10_000.0):
    """Check whenever the timeouts want to; the seconds until they want no further check."""
    watch = Timeouts(call, limits)
    begin = now.passed
    while (when := watch.check()) is not None and now.passed - begin < until:
        assert when > now.passed
        now.passed = when
    return now.passed - begin


def test_first_delta(now):
    call = Call()
    assert watched(call, limits(first_delta=8), now) == pytest.approx(8)
    assert call.expired == "first_delta"


def test_total(now):
    call = Call()
    assert watched(call, limits(first_delta=100, idle=100, total=7), now) == pytest.approx(7)
    assert call.expired == "total"


@pytest.mark.parametrize("first_delta", [None, 300, 2])
def test_a_short_timeout_after_a_long_one_is_on_time(now, first_delta):
    call, watch = Call(), None
    watch = Timeouts(call, limits(first_delta=first_delta, idle=2))
    now.passed = watch.check()
    call.count = 1
    begin = now.passed
    while (when := watch.check()) is not None:
        now.passed = when
    assert call.expired == "idle"
    assert 2 <= now.passed - begin <= 2.3


def test_the_grace_after_the_finish_needs_no_other_timeout(now):
    call = Call()
    call.grace = timeouts.FINISH_GRACE
    assert watched(call, limits(), now) == pytest.approx(timeouts.FINISH_GRACE)
    assert call.expired == "quietly"


def test_a_call_without_a_reader_does_not_time_out(now):
    call = Call()
    call.waiting = False
    watched(call, limits(first_delta=1, idle=1), now, until=100)
    assert call.expired is None


def test_a_call_that_has_ended_is_not_checked_any_more(now):
    call = Call()
    call.waiting = False
    watch = Timeouts(call, limits(idle=1))
    assert watch.check() is not None
    call.ended = True
    assert watch.check() is None


def test_a_call_that_was_freed_is_not_checked_any_more(now):
    call = Call()
    watch = Timeouts(call, limits(idle=1))
    del call
    assert watch.check() is None
