"""Where a wrapper is tested: its stage, the way it is called, and what was heard of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from modelstream.testing._kit.heard import Heard, hear, progress_of, told
from modelstream.testing._kit.law import LawBrokenError, must, same
from modelstream.testing._kit.leaks import open_files
from modelstream.testing._kit.script import text_of
from modelstream.testing._kit.take import PatientGate, Take

if TYPE_CHECKING:
    from modelstream.errors import StreamError
    from modelstream.testing._kit.engine_stage import EngineStage
    from modelstream.testing._kit.features import Features
    from modelstream.testing._kit.script import Script
    from modelstream.testing._kit.ways import AsyncWay, SyncWay
    from modelstream.testing._kit.wire_stage import WireStage
    from modelstream.wrapper import ModelWrapper

PROMPT = 0.5
"""Seconds within which the provider must know that nobody wants the answer any more."""


class Bench:
    """A wrapper under test, called in one way. `make` makes a wrapper with further config fields."""

    told_by = "what the provider sent"

    def __init__(
        self,
        stage: WireStage | EngineStage,
        way: SyncWay | AsyncWay,
        make: Callable[..., ModelWrapper],
        wrappers: dict[str, ModelWrapper],
    ) -> None:
        self.stage: Any = stage
        self.way: Any = way
        self._make = make
        self._wrappers = wrappers

    @property
    def features(self) -> Features:
        """What the provider's format can say."""
        features: Features = self.stage.features
        return features

    def told(self) -> list[str]:
        """What was performed last, in lines."""
        lines: list[str] = self.stage.told()
        return lines

    def wrapper(self, **fields: Any) -> ModelWrapper:
        """A wrapper with these config fields; made once."""
        key = repr(sorted(fields.items()))
        if key not in self._wrappers:
            self._wrappers[key] = self.new_wrapper(**fields)
        return self._wrappers[key]

    def new_wrapper(self, **fields: Any) -> ModelWrapper:
        """A wrapper that nobody else uses."""
        return self._make(**fields)

    def hear(self, take: Take, **fields: Any) -> Heard:
        """Perform the take, read it to its end; the gate before its fault opens when all text was heard."""
        self.stage.play(take)
        return hear(self.way, self.wrapper(**fields), _opener(take))

    def response(self, take: Take, **fields: Any) -> Any:
        """Perform the take; the response, which nobody has read yet."""
        self.stage.play(take)
        return self.way.call(self.wrapper(**fields))

    def counts(self) -> dict[str, Callable[[], int]]:
        """What there is of calls, tasks and open files."""
        counts: dict[str, Callable[[], int]] = {"open calls at the provider": self.stage.open_calls}
        # Each connection has two ends, for the kit's server is in this process, too.
        files = {
            name: lambda count=count: count() - 2 * self.stage.open_calls()
            for name, count in open_files().items()
        }
        return {**counts, **files, **self.way.counts()}

    def failed(self, heard: Heard, said: Script, *means: type[StreamError]) -> StreamError:
        """The error that ended the answer: one of these, with exactly the text that was said before it."""
        error = typed(heard.error, *means)
        partial = text_of(said.deltas, ended=False)
        same(error.partial_text, partial, "the error's partial_text")
        must(not any(snapshot.last for snapshot in heard.snapshots), "an answer that failed gave last=True")
        if heard.response is not None:
            same(heard.text, partial, "the text that was shown before the error")
            same(heard.response.partial_text, partial, "the response's partial_text")
            must(heard.response.error is error, f"response.error is {heard.response.error!r}")
        must(error.first_delta_seen or not partial, "first_delta_seen is False, although there was text")
        model_type = self.wrapper().config.model_type
        same(error.model_type, model_type, "the error's model_type")
        return error


def typed(error: Exception | None, *means: type[StreamError]) -> StreamError:
    """The error if it is one of these."""
    names = " or ".join(kind.__name__ for kind in means)
    must(error is not None, f"expected {names}, but the answer was passed off as complete")
    if not isinstance(error, means):
        raise LawBrokenError(f"expected {names}, found {told(error)}") from error  # type: ignore[arg-type]
    return error


def _opener(take: Take) -> Callable[[Any], None] | None:
    gate = take.before_fault
    if gate is None:
        return None
    wanted = len(text_of(take.said.deltas, ended=False))
    if not wanted and not take.ended:
        gate.open()

    def listen(snapshot: Any) -> None:
        if snapshot.last or (not take.ended and snapshot.offset + len(snapshot.delta) >= wanted):
            gate.open()

    return listen


class Lockstep:
    """Gates behind every delta of a script and behind its end; each opens when its delta was heard."""

    def __init__(self, script: Script) -> None:
        said = [*script.deltas, script.finish]
        gates = [PatientGate(instead=self._give_up) for _ in said]
        self._due = [(progress_of(said[: at + 1]), gate) for at, gate in enumerate(gates)]
        self.said = said
        self.gates = gates
        self._heard: list[Any] = []
        self._open()

    def listen(self, delta: Any) -> None:
        """A delta was heard."""
        self._heard.append(delta)
        self._open()

    def _open(self) -> None:
        heard = progress_of(self._heard)
        for progress, gate in self._due:
            if heard.reaches(progress):
                gate.open()

    def _give_up(self) -> None:
        for gate in self.gates:
            gate.open()

    def check(self) -> None:
        """No gate had to open by itself."""
        for number, gate in enumerate(self.gates):
            what = self.said[number]
            must(not gate.late, f"{what!r} (number {number}) was not heard before the next frame was sent")
