"""One performance of a script: how far it goes, what breaks it off, and where it waits for the reader."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Sequence
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
"""Seconds that a performance waits for its reader before it goes on without. Nothing in the kit hangs."""

WHY = "the conveyor belt is on fire (着火)"
"""What a provider says in the errors that the kit has it send."""


class PatientGate(Gate):
    """A gate that opens by itself after a while; `late` tells that it had to, then `instead` is called."""

    def __init__(self, patience: float = PATIENCE, instead: Callable[[], None] | None = None) -> None:
        super().__init__()
        self._instead = instead or self.open
        self.late = False
        self._patience = patience
        self._since: float | None = None

    def wait(self, seconds: float) -> bool:
        """Wait here; whether it is open by then."""
        if super().wait(seconds):
            return True
        now = time.monotonic()
        self._since = self._since or now
        if now - self._since > self._patience:
            self.late = True
            self._instead()
        return self.late


class Fault(enum.Enum):
    """What breaks an answer off, as a sentence."""

    ENDS = "the body ends as HTTP wants it, but before the end marker"
    FALSE_END = "the body ends with what goes with the end marker, but without the marker"
    CUT = "the connection is closed in the middle of the body"
    RESET = "the connection is reset"
    HALF = "the body ends in the middle of a frame"
    MALFORMED = "a frame is not what the format allows; whole frames follow"
    ERROR = "a frame tells of an error; whole frames follow"
    SILENCE = "nothing more comes, and the connection stays open"
    RAISES = "the engine raises an exception"

    @property
    def means(self) -> tuple[type[StreamError], ...]:
        """The errors of which one must be raised."""
        return _MEANINGS[self]


_MEANINGS: dict[Fault, tuple[type[StreamError], ...]] = {
    Fault.ENDS: (TruncatedStreamError,),
    Fault.FALSE_END: (TruncatedStreamError,),
    Fault.CUT: (ConnectionLostError,),
    Fault.RESET: (ConnectionLostError,),
    # Whoever sees only half of a frame may call it what it likes, but not an end.
    Fault.HALF: (TruncatedStreamError, MalformedDataError),
    Fault.MALFORMED: (MalformedDataError,),
    Fault.ERROR: (ProviderError,),
    Fault.SILENCE: (StreamTimeoutError,),
    Fault.RAISES: (StreamError,),
}


@dataclass(frozen=True)
class Take:
    """A script as it is performed once.

    With a `fault`, the first `length` deltas are said, and then that happens; if `ended`, the end marker is
    sent before it. `gates` stand behind the deltas, one each, and the last behind the end marker;
    `before_fault` stands before the fault, `before_headers` before everything. `then` is sent behind the end
    marker. `half` is the part that is sent of a frame that breaks off.
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

    @property
    def said(self) -> Script:
        """What is said before the fault."""
        return self.script if self.length is None else self.script.first(self.length)
