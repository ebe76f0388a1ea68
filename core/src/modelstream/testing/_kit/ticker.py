"""A periodic callback that shows whether an event loop is blocked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from modelstream.testing._kit.law import must

if TYPE_CHECKING:
    import asyncio

    from modelstream.testing._kit.scenario import PatientGate

TICKS = 5
EVERY = 0.005
LIMIT = 2.0


class Ticker:
    """Ticks in `loop` every few milliseconds while the loop is not blocked."""

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
        """Check that the loop ticks while the provider waits at `gate`, then open the gate."""
        must(gate.reached.wait(5), f"the call did not reach the place where the provider waits {where}")
        begun, until = self._count, time.monotonic() + LIMIT
        while self._count < begun + TICKS and time.monotonic() < until:
            time.sleep(EVERY)
        ticks = self._count - begun
        gate.open()
        must(
            ticks >= TICKS,
            f"the event loop was blocked for {LIMIT:g} s while the provider was silent {where}",
        )

    def _tick(self) -> None:
        self._count += 1
        if self._running:
            self._loop.call_later(EVERY, self._tick)
