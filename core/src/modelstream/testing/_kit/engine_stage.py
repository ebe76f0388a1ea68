"""Where takes are performed for wrappers that work inside the process: in place of their engine."""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import TYPE_CHECKING

import msgspec

from modelstream.deltas import UsageDelta
from modelstream.testing._kit.sheet import SILENCE
from modelstream.testing._kit.take import WHY, Fault, PatientGate, Take

if TYPE_CHECKING:
    from modelstream.deltas import Delta
    from modelstream.testing._kit.features import Features
    from modelstream.testing.server import Gate

    Playing = Generator[Delta | None, None, None]


class EngineStage:
    """Performs takes in place of an engine that works inside the process.

    `start` is what the engine of the wrapper under test is replaced by: it begins the next performance.
    """

    in_process = True

    def __init__(self, features: Features) -> None:
        self.features = features
        self.calls = 0
        self._takes: list[Take] = []
        self._last: list[_Performance] = []

    def play(self, *takes: Take) -> None:
        """Perform these in the next calls, and the last of them in all that follow."""
        self._takes = list(takes)
        self.calls = 0

    def start(self) -> Playing:
        """The deltas of the next take; None, again and again, while nothing new is there."""
        self.calls += 1
        take = self._takes.pop(0) if len(self._takes) > 1 else self._takes[0]
        performance = _Performance(take, self.features)
        self._last.append(performance)
        return performance.deltas()

    def let_go(self, seconds: float) -> bool:
        """Whether the wrapper lets go of its last call within so many seconds."""
        return self._last[-1].over.wait(seconds)

    def open_calls(self) -> int:
        """The performances that go on."""
        return sum(not performance.over.is_set() for performance in self._last)

    def close(self) -> None:
        """Forget all."""
        self._takes = []

    def told(self) -> list[str]:
        """What was played last."""
        return [
            f"{take.said.deltas}, then: {take.fault.value if take.fault else 'the end'}"
            for take in self._takes
        ]


class _Performance:
    def __init__(self, take: Take, features: Features) -> None:
        self.over = threading.Event()
        self._take = take
        self._finishes = features.finishes

    def deltas(self) -> Playing:
        try:
            yield from self._deltas()
        finally:
            self.over.set()

    def _deltas(self) -> Playing:
        take = self._take
        gates = iter(take.gates)
        yield from _at(take.before_headers)
        for delta in take.said.deltas:
            yield delta
            yield from _at(next(gates, None))
        if take.fault is None:
            if take.script.usage is not None:
                yield UsageDelta(*msgspec.structs.astuple(take.script.usage))
            yield take.script.worded(self._finishes).finish
            yield from _at(next(gates, None))
            return
        yield from _at(take.before_fault)
        if take.fault is Fault.SILENCE:
            yield from _at(PatientGate(SILENCE))
        elif take.fault is Fault.RAISES:
            raise RuntimeError(WHY)


def _at(gate: Gate | None) -> Generator[None, None, None]:
    if gate is not None:
        while not gate.wait(0.005):
            yield None
