"""How a script is played: how far, what breaks it off, and where it waits for the reader."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelstream.errors import (
    ConnectionLostError,
    MalformedDataError,
    ProviderError,
    StreamError,
    StreamTimeoutError,
    TruncatedStreamError,
)
from modelstream.testing._kit.style import PLAIN, Style
from modelstream.testing.server import Gate

if TYPE_CHECKING:
    from modelstream.testing._kit.script import Script

PATIENCE = 2.0
"""Seconds that a scenario waits for its reader before it continues, so that nothing in the kit hangs."""

ERROR_MESSAGE = "the conveyor belt is on fire (着火)"
"""The message of the errors that the kit sends."""


class PatientGate(Gate):
    """A gate that opens by itself after `patience` seconds: then `late` is set and `instead` is called."""

    def __init__(self, patience: float = PATIENCE, instead: Callable[[], None] | None = None) -> None:
        super().__init__()
        self._instead = instead or self.open
        self.late = False
        self._patience = patience
        self._since: float | None = None

    def wait(self, seconds: float) -> bool:
        """Wait; return whether the gate is open."""
        if super().wait(seconds):
            return True
        now = time.monotonic()
        self._since = self._since or now
        if now - self._since > self._patience:
            self.late = True
            self._instead()
        return self.late


class Fault(enum.Enum):
    """What breaks an answer off."""

    ENDS = "the body is valid HTTP, but ends before the end marker"
    FALSE_END = "the body ends with the frames that accompany the end marker, but without the marker"
    CUT = "the connection is closed in the middle of the body"
    RESET = "the connection is reset"
    HALF = "the body ends in the middle of a frame"
    MALFORMED = "a frame is invalid; valid frames follow"
    ERROR = "a frame reports an error; valid frames follow"
    SILENCE = "nothing more is sent, and the connection stays open"
    RAISES = "the engine raises an exception"

    @property
    def expected(self) -> tuple[type[StreamError], ...]:
        """The error types of which one must be raised."""
        return _EXPECTED[self]


_EXPECTED: dict[Fault, tuple[type[StreamError], ...]] = {
    Fault.ENDS: (TruncatedStreamError,),
    Fault.FALSE_END: (TruncatedStreamError,),
    Fault.CUT: (ConnectionLostError,),
    Fault.RESET: (ConnectionLostError,),
    # A reader may report half a frame as either, but never as an end.
    Fault.HALF: (TruncatedStreamError, MalformedDataError),
    Fault.MALFORMED: (MalformedDataError,),
    Fault.ERROR: (ProviderError,),
    Fault.SILENCE: (StreamTimeoutError,),
    Fault.RAISES: (StreamError,),
}


@dataclass(frozen=True)
class Scenario:
    """A script as it is played once.

    With a `fault`, the first `length` deltas are sent, and then the fault happens; if `ended`, the end marker
    is sent before it. `gates` are the places after each delta, and after the end marker, where the provider
    waits; it waits at `before_fault` before the fault, and at `before_headers` before everything. `then` is
    sent after the end. Before the deltas with the numbers in `early`, the frame with the end marker is sent.
    The provider waits at `after_end` before the body ends. `half` is the fraction that is sent of a frame
    that is cut.
    """

    script: Script
    length: int | None = None
    fault: Fault | None = None
    style: Style = PLAIN
    whole: bool = False
    gates: Sequence[Gate] = ()
    before_fault: Gate | None = None
    before_headers: Gate | None = None
    then: Script | None = None
    half: float = 0.5
    ended: bool = False
    early: Collection[int] = ()
    after_end: Gate | None = None

    @property
    def sent(self) -> Script:
        """The part of the script that is sent before the fault."""
        return self.script if self.length is None else self.script.first(self.length)
