"""Plays scenarios to wrappers that work inside the process: in place of their engine."""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import TYPE_CHECKING

import msgspec

from modelstream.deltas import UsageDelta
from modelstream.testing._kit.encoded import SILENCE
from modelstream.testing._kit.scenario import ERROR_MESSAGE, Fault, PatientGate, Scenario

if TYPE_CHECKING:
    from modelstream.deltas import Delta
    from modelstream.testing._kit.features import Features
    from modelstream.testing.server import Gate

    Playing = Generator[Delta | None, None, None]


class EngineProvider:
    """Plays scenarios in place of an engine that works inside the process.

    `start` replaces the engine of the wrapper under test: it begins the next scenario.
    """

    in_process = True

    def __init__(self, features: Features) -> None:
        self.features = features
        self.calls = 0
        self._scenarios: list[Scenario] = []
        self._last: list[_Run] = []

    def play(self, *scenarios: Scenario) -> None:
        """Set the scenarios of the next calls; the last one is repeated."""
        self._scenarios = list(scenarios)
        self.calls = 0

    def start(self) -> Playing:
        """The deltas of the next scenario; None, repeatedly, while it waits."""
        self.calls += 1
        scenario = self._scenarios.pop(0) if len(self._scenarios) > 1 else self._scenarios[0]
        run = _Run(scenario, self.features)
        self._last.append(run)
        return run.deltas()

    def wait_released(self, seconds: float) -> bool:
        """Wait until the wrapper has closed its last call; return whether it did within `seconds`."""
        return self._last[-1].over.wait(seconds)

    def open_calls(self) -> int:
        """How many scenarios are still running."""
        return sum(not run.over.is_set() for run in self._last)

    def close(self) -> None:
        """Remove all scenarios."""
        self._scenarios = []

    def report(self) -> list[str]:
        """The scenarios that were set last, one per line."""
        return [
            f"{scenario.sent.deltas}, then: {scenario.fault.value if scenario.fault else 'the end'}"
            for scenario in self._scenarios
        ]


class _Run:
    def __init__(self, scenario: Scenario, features: Features) -> None:
        self.over = threading.Event()
        self._scenario = scenario
        self._finishes = features.finishes

    def deltas(self) -> Playing:
        try:
            yield from self._deltas()
        finally:
            self.over.set()

    def _deltas(self) -> Playing:
        scenario = self._scenario
        gates = iter(scenario.gates)
        yield from _at(scenario.before_headers)
        for delta in scenario.sent.deltas:
            yield delta
            yield from _at(next(gates, None))
        if scenario.fault is None:
            if scenario.script.usage is not None:
                yield UsageDelta(*msgspec.structs.astuple(scenario.script.usage))
            yield scenario.script.with_raw_finish(self._finishes).finish
            yield from _at(next(gates, None))
            return
        yield from _at(scenario.before_fault)
        if scenario.fault is Fault.SILENCE:
            yield from _at(PatientGate(SILENCE))
        elif scenario.fault is Fault.RAISES:
            raise RuntimeError(ERROR_MESSAGE)


def _at(gate: Gate | None) -> Generator[None, None, None]:
    if gate is not None:
        while not gate.wait(0.005):
            yield None
