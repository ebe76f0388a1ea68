"""The thread that checks the timeouts of sync calls."""

from __future__ import annotations

import heapq
import threading
import time

from modelstream.call.timeouts import Watchdog


def test_the_next_call_makes_up_for_a_lost_wake_up() -> None:
    dog = Watchdog()
    dog.watch(lambda: time.monotonic() + 30)
    while not dog._asleep_until:
        time.sleep(0.01)
    # A call whose thread was interrupted between putting its look in and waking the watchdog.
    with dog._changed:
        heapq.heappush(dog._checks, (time.monotonic() + 0.01, -1, lambda: None))
    looked = threading.Event()
    times = iter([time.monotonic() + 0.05])

    def tick() -> float | None:
        when = next(times, None)
        if when is None:
            looked.set()
        return when

    dog.watch(tick)
    assert looked.wait(5)
