"""Laws about the end of an answer: a finish reason counts when nothing can follow it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from modelstream.deltas import TextDelta
from modelstream.errors import ConnectionLostError, TruncatedStreamError
from modelstream.testing._kit.encoded import SILENCE
from modelstream.testing._kit.law import Laws, must, same
from modelstream.testing._kit.laws.failures import TOLERANCE
from modelstream.testing._kit.observation import check_complete
from modelstream.testing._kit.scenario import ERROR_MESSAGE, Fault, PatientGate, Scenario
from modelstream.testing._kit.script import Script
from modelstream.testing._kit.strategies import parts, texts_only

if TYPE_CHECKING:
    from collections.abc import Collection

    from modelstream.testing._kit.bench import Bench
    from modelstream.testing.server import Gate

_laws = Laws()
laws = _laws.laws
law = _laws.law

HELLO = Script([TextDelta("Hel"), TextDelta("lo")])


@law(where="http", needs="early_finish", script=texts_only, at=parts, examples=0.1)
def early_finish(bench: Bench, script: Script, at: float) -> None:
    """What follows a finish reason belongs to the answer, also where each frame has one."""
    count = len(script.deltas)
    for early in ([int(at * count)], range(count)):
        observed = bench.observe(Scenario(script, early=early))
        check_complete(observed, script)
        same([last for last, _ in observed.pairs[:-1]], [False] * (len(observed.pairs) - 1), "the ends")


@law(where="http", needs="early_finish", examples=0)
def early_finish_no_last(bench: Bench) -> None:
    """An answer that breaks off after an early finish reason is an error, and never `last=True`."""
    faults = {Fault.ENDS: TruncatedStreamError, Fault.CUT: ConnectionLostError}
    early: tuple[Collection[int], ...] = ((0,), (1,), (0, 1))
    for fault, kind in faults.items():
        for numbers in early:
            scenario = Scenario(HELLO, 2, fault, early=numbers)
            bench.check_failure(bench.observe(scenario), HELLO, kind)


@law(where="http", needs="early_finish", examples=0)
def error_after_the_finish(bench: Bench) -> None:
    """An error frame after the finish reason, and before the end, is the error, with all text."""
    if not bench.features.errors:
        return
    scenario = Scenario(HELLO, fault=Fault.ERROR, ended=True)
    error = bench.check_failure(bench.observe(scenario), HELLO, *Fault.ERROR.expected)
    must(ERROR_MESSAGE in str(error), f"the message {ERROR_MESSAGE!r} is not in the error {str(error)!r}")


@law(where="http", examples=0)
def finish_is_enough(bench: Bench) -> None:
    """An answer that ends cleanly after its finish reason is complete, also without the frames after it."""
    check_complete(bench.observe(Scenario(HELLO, fault=Fault.ENDS, ended=True)), HELLO)


@law(where="http", needs="terminal", examples=0)
def end_at_terminal(bench: Bench) -> None:
    """At its terminal frame an answer is complete, though the body does not end."""
    gate: Gate = PatientGate(SILENCE)
    began = time.monotonic()
    check_complete(bench.observe(Scenario(HELLO, after_end=gate)), HELLO)
    took = time.monotonic() - began
    must(took < TOLERANCE, f"the answer was complete, and the reader waited for {took:.1f} s")
