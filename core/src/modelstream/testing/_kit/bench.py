"""The test bench of a wrapper: its provider, the way it is called, and what a reader observes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from modelstream.testing._kit.law import LawBrokenError, must, same
from modelstream.testing._kit.leaks import open_files
from modelstream.testing._kit.observation import Observation, describe, observe, progress_of
from modelstream.testing._kit.scenario import PatientGate, Scenario
from modelstream.testing._kit.script import text_of

if TYPE_CHECKING:
    from modelstream.errors import StreamError
    from modelstream.testing._kit.engine_provider import EngineProvider
    from modelstream.testing._kit.features import Features
    from modelstream.testing._kit.script import Script
    from modelstream.testing._kit.ways import AsyncWay, SyncWay
    from modelstream.testing._kit.wire_provider import WireProvider
    from modelstream.wrapper import ModelWrapper

END_TIMEOUT = 0.5
"""Seconds within which the provider must notice that the call was ended."""


class Bench:
    """A wrapper under test, called in one way. `make` creates a wrapper with further config fields."""

    report_title = "what the provider sent"

    def __init__(
        self,
        provider: WireProvider | EngineProvider,
        way: SyncWay | AsyncWay,
        make: Callable[..., ModelWrapper],
        wrappers: dict[str, ModelWrapper],
    ) -> None:
        self.provider: Any = provider
        self.way: Any = way
        self._make = make
        self._wrappers = wrappers

    @property
    def features(self) -> Features:
        """What the provider's format supports."""
        features: Features = self.provider.features
        return features

    def report(self) -> list[str]:
        """The lines of a report that show what was played last."""
        lines: list[str] = self.provider.report()
        return lines

    def wrapper(self, **fields: Any) -> ModelWrapper:
        """A wrapper with these config fields, created once and shared by the laws."""
        key = repr(sorted(fields.items()))
        if key not in self._wrappers:
            self._wrappers[key] = self.new_wrapper(**fields)
        return self._wrappers[key]

    def new_wrapper(self, **fields: Any) -> ModelWrapper:
        """A new wrapper that no other law uses."""
        return self._make(**fields)

    def observe(self, scenario: Scenario, **fields: Any) -> Observation:
        """Play the scenario and read it to its end.

        The gate before its fault opens once all text was read.
        """
        self.provider.play(scenario)
        return observe(self.way, self.wrapper(**fields), _opener(scenario))

    def response(self, scenario: Scenario, **fields: Any) -> Any:
        """Play the scenario and return the response before anything is read."""
        self.provider.play(scenario)
        return self.way.call(self.wrapper(**fields))

    def counts(self) -> dict[str, Callable[[], int]]:
        """Functions that count open calls, tasks and open files."""
        counts: dict[str, Callable[[], int]] = {"open calls at the provider": self.provider.open_calls}
        # The kit's server is in this process too, so each connection has two descriptors.
        files = {
            name: lambda count=count: count() - 2 * self.provider.open_calls()
            for name, count in open_files().items()
        }
        return {**counts, **files, **self.way.counts()}

    def check_failure(self, observed: Observation, sent: Script, *expected: type[StreamError]) -> StreamError:
        """Check that one of these errors ended the answer, with exactly the text sent before it."""
        error = check_error(observed.error, *expected)
        partial = text_of(sent.deltas, ended=False)
        same(error.partial_text, partial, "the error's partial_text")
        must(not any(snapshot.last for snapshot in observed.snapshots), "a failed answer gave last=True")
        if observed.response is not None:
            same(observed.text, partial, "the text that was shown before the error")
            same(observed.response.partial_text, partial, "the response's partial_text")
            must(observed.response.error is error, f"response.error is {observed.response.error!r}")
        must(error.first_delta_seen or not partial, "first_delta_seen is False, although there was text")
        model_type = self.wrapper().config.model_type
        same(error.model_type, model_type, "the error's model_type")
        return error


def check_error(error: Exception | None, *expected: type[StreamError]) -> StreamError:
    """Return the error if it is one of these."""
    names = " or ".join(kind.__name__ for kind in expected)
    must(error is not None, f"expected {names}, but the answer was reported as complete")
    if not isinstance(error, expected):
        raise LawBrokenError(f"expected {names}, found {describe(error)}") from error  # type: ignore[arg-type]
    return error


def _opener(scenario: Scenario) -> Callable[[Any], None] | None:
    gate = scenario.before_fault
    if gate is None:
        return None
    wanted = len(text_of(scenario.sent.deltas, ended=False))
    if not wanted and not scenario.ended:
        gate.open()

    def listen(snapshot: Any) -> None:
        if snapshot.last or (not scenario.ended and snapshot.offset + len(snapshot.delta) >= wanted):
            gate.open()

    return listen


class Lockstep:
    """A gate after each delta of a script; each opens once its delta was read.

    `with_end` adds a gate after the end marker, for a provider whose marker is the end.
    """

    def __init__(self, script: Script, *, with_end: bool = False) -> None:
        sent = [*script.deltas, script.finish] if with_end else script.deltas
        gates = [PatientGate(instead=self._give_up) for _ in sent]
        self._due = [(progress_of(sent[: at + 1]), gate) for at, gate in enumerate(gates)]
        self.sent = sent
        self.gates = gates
        self._heard: list[Any] = []
        self._open()

    def listen(self, delta: Any) -> None:
        """Record a delta that was read."""
        self._heard.append(delta)
        self._open()

    def _open(self) -> None:
        observed = progress_of(self._heard)
        for progress, gate in self._due:
            if observed.reaches(progress):
                gate.open()

    def _give_up(self) -> None:
        for gate in self.gates:
            gate.open()

    def check(self) -> None:
        """Check that no gate opened by its timeout."""
        for number, gate in enumerate(self.gates):
            what = self.sent[number]
            must(not gate.late, f"{what!r} (number {number}) was not read before the next frame was sent")
