"""Something else that an event loop has to do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from modelstream.testing._kit.law import must

if TYPE_CHECKING:
    import asyncio

    from modelstream.testing._kit.take import PatientGate

TICKS = 5
EVERY = 0.005
LIMIT = 2.0


class Ticker:
    """Ticks in `loop` every few milliseconds, as long as the loop is not blocked."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._count = 0
        self._running = True

    def __enter__(self) -> Self:
        self._loop.call_soon_threadsafe(self._tick)
        return self

    def __exit__(self, *exc: object) -> None:
        self._running = False

    def must_tick_at(self, gate: PatientGate, where: str) -> None:
        """While the provider waits at `gate`, the loop must tick; then open the gate."""
        must(gate.reached.wait(5), f"the call did not come to where the provider waits {where}")
        begun, until = self._count, time.monotonic() + LIMIT
        while self._count < begun + TICKS and time.monotonic() < until:
            time.sleep(EVERY)
        ticks = self._count - begun
        gate.open()
        must(
            ticks >= TICKS,
            f"the event loop stood still for {LIMIT:g} s while the provider was silent {where}",
        )

    def _tick(self) -> None:
        self._count += 1
        if self._running:
            self._loop.call_later(EVERY, self._tick)
