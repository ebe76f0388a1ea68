"""A take in the bytes of a wire."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from modelstream.deltas import Delta, ReasoningDelta, TextDelta, ToolCallDelta, UsageDelta
from modelstream.testing._kit.take import WHY, Fault, PatientGate, Take
from modelstream.testing.server import Moment

if TYPE_CHECKING:
    from modelstream.testing.server import Gate
    from modelstream.testing.wire import Document, Wire

SILENCE = 5.0
"""Seconds of silence before the server gives up; every wrapper under test has given up long before."""


class Sheet:
    """A take in the bytes of a wire."""

    def __init__(self, wire: Wire, take: Take) -> None:
        self._wire = copy.copy(wire)
        self._wire.ascii = take.style.ascii
        self._take = take
        self._script = take.script.worded(wire.finishes)
        self._position = 0
        self._run: list[bytes] = []
        self.body: list[bytes | Gate] = []
        self._write()

    def _write(self) -> None:
        take, wire = self._take, self._wire
        gates = iter(take.gates)
        for document in wire.start():
            self._send(document)
        for number, delta in enumerate(take.said.deltas):
            if number in take.style.noise:
                for document in wire.noise():
                    self._send(document)
            self._send(document_of(wire, delta))
            self._wait(next(gates, None))
        if take.fault is None:
            self._finish(next(gates, None))
        else:
            if take.ended:
                self._send(wire.end(self._script.finish, self._script.usage)[0])
            self._wait(take.before_fault)
            self._break(take.fault)
        self._flush()

    def _finish(self, gate: Gate | None) -> None:
        take, wire = self._take, self._wire
        marker, *trimmings = wire.end(self._script.finish, self._script.usage)
        afterwards = [document_of(wire, delta) for delta in take.then.deltas] if take.then else []
        self._send(marker)
        self._wait(gate)
        for document in [*afterwards, *trimmings, *afterwards]:
            self._send(document)
        if wire.tail:
            self._run.append(wire.tail)

    def _break(self, fault: Fault) -> None:
        wire = self._wire
        if fault is Fault.FALSE_END:
            for document in wire.false_ends():
                self._send(document)
        elif fault is Fault.HALF:
            self._run.append(self._half())
        elif fault is Fault.MALFORMED:
            self._send(wire.frame(b'{"this is": [no, ]}', self._position))
            self._go_on()
        elif fault is Fault.ERROR:
            self._send(wire.error(500, "out_of_order", WHY))
            self._go_on()
        elif fault is Fault.SILENCE:
            self._wait(PatientGate(SILENCE))

    def _go_on(self) -> None:
        """Say the rest of the script, as if nothing had happened."""
        take, wire = self._take, self._wire
        rest = take.script.deltas[len(take.said.deltas) :]
        for document in [document_of(wire, delta) for delta in rest] or [wire.text("and yet it goes on")]:
            self._send(document)
        self._finish(None)

    def _half(self) -> bytes:
        """A part of the next frame: never all of its payload."""
        take, wire = self._take, self._wire
        at = len(take.said.deltas)
        rest = take.script.deltas[at:]
        document = (
            document_of(wire, rest[0]) if rest else wire.end(self._script.finish, self._script.usage)[0]
        )
        frame = self._dressed(wire.packed(document, self._position))
        end = frame.rfind(b"}")
        return frame[: max(1, int(take.half * max(end, 1)))]

    def _send(self, document: Document) -> None:
        self._run.append(self._dressed(self._wire.packed(document, self._position)))
        self._position += 1

    def _dressed(self, frame: bytes) -> bytes:
        return self._take.style.dressed(frame, self._wire.content_type)

    def _wait(self, gate: Gate | None) -> None:
        if gate is not None:
            self._flush()
            self.body.append(gate)

    def _flush(self) -> None:
        style = self._take.style
        for piece in style.cut(self._run):
            self.body += [piece, Moment()] if style.pieces == "seams" else [piece]
        self._run = []


def document_of(wire: Wire, delta: Delta) -> Document:
    """What `wire` writes for one delta."""
    if isinstance(delta, TextDelta):
        return wire.text(delta.text)
    if isinstance(delta, ReasoningDelta):
        return wire.reasoning(delta.text)
    if isinstance(delta, ToolCallDelta):
        return wire.tool_call(delta)
    if isinstance(delta, UsageDelta):
        return wire.usage(delta)
    raise TypeError(f"a script can't say {delta!r} in its middle")
