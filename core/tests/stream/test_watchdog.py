"""The thread that ticks the clocks of sync calls."""

from __future__ import annotations

import heapq
import threading
import time

from modelstream.call.timeouts import Watchdog


def test_a_wake_up_that_was_lost_is_made_good_by_the_next_call() -> None:
    dog = Watchdog()
    dog.watch(lambda: time.monotonic() + 30)
    while not dog._asleep_until:
        time.sleep(0.01)
    # A call whose thread was interrupted between putting its look in and waking the watchdog.
    with dog._changed:
        heapq.heappush(dog._checks, (time.monotonic() + 0.01, -1, lambda: None))
    looked = threading.Event()
    asked = iter([time.monotonic() + 0.05])

    def tick() -> float | None:
        when = next(asked, None)
        if when is None:
            looked.set()
        return when

    dog.watch(tick)
    assert looked.wait(5)
