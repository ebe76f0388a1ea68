"""A scenario in the bytes of a wire."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import TYPE_CHECKING

from modelstream.deltas import TextDelta
from modelstream.testing._kit.scenario import ERROR_MESSAGE, Fault, PatientGate, Scenario
from modelstream.testing.server import Moment

if TYPE_CHECKING:
    from modelstream.deltas import Delta
    from modelstream.testing.server import Gate
    from modelstream.wire.writing import Document, Wire

SILENCE = 5.0
"""Seconds of silence after which the server continues; longer than all timeouts of the laws."""


class EncodedScenario:
    """A scenario in the bytes of a wire.

    `marker_start` and `marker_end` are the offsets in bytes of the frame with the end marker; `marker_end` is
    None if it was not written.
    """

    def __init__(self, wire: Wire, scenario: Scenario) -> None:
        self._wire = copy.copy(wire)
        self._wire.ascii = scenario.style.ascii
        self._writer = self._wire.writer()
        self._scenario = scenario
        self._script = scenario.script.with_raw_finish(wire.finishes)
        self._position = 0
        self._run: list[bytes] = []
        self._written = 0
        self.marker_start = 0
        self.marker_end: int | None = None
        self.body: list[bytes | Gate] = []
        self._write()

    def _write(self) -> None:
        scenario = self._scenario
        gates = iter(scenario.gates)
        self._send(self._writer.start())
        for number, delta in enumerate(scenario.sent.deltas):
            if number in scenario.style.noise:
                self._send(self._wire.noise())
            if number in scenario.early:
                self._send(self._early_end())
            self._send(self._writer.write(delta))
            self._wait(next(gates, None))
        if scenario.fault is None:
            self._finish(next(gates, None))
        else:
            if scenario.ended:
                self._send_marker()
            self._wait(scenario.before_fault)
            self._break(scenario.fault)
        self._flush()

    def _finish(self, gate: Gate | None) -> None:
        after_marker = self._send_marker()
        self._wait(gate)
        afterwards = self._documents(self._scenario.then.deltas if self._scenario.then else ())
        self._send([*after_marker, *afterwards])
        self._wait(self._scenario.after_end)
        if self._wire.tail:
            self._run.append(self._wire.tail)

    def _send_marker(self) -> list[Document]:
        """Send the frames of the end up to the end marker; return those after it."""
        frames, rest = until_marker(self._wire, self._end())
        self._send(frames[:-1])
        self.marker_start = self._written
        self._send(frames[-1:])
        self.marker_end = self._written
        return rest

    def _early_end(self) -> list[Document]:
        """The frame with the end marker, as a server sends it that does not know yet whether more follows."""
        frames, _ = until_marker(self._wire, self._writer.end(self._script.finish, None))
        return frames[-1:]

    def _end(self) -> list[Document]:
        return self._writer.end(self._script.finish, self._script.usage)

    def _documents(self, deltas: Iterable[Delta]) -> list[Document]:
        return [document for delta in deltas for document in self._writer.write(delta)]

    def _break(self, fault: Fault) -> None:
        if fault is Fault.FALSE_END:
            self._send(self._wire.false_ends())
        elif fault is Fault.HALF:
            self._run.append(self._half())
        elif fault is Fault.MALFORMED:
            self._send([self._wire.frame(b'{"this is": [no, ]}', self._position)])
            self._go_on()
        elif fault is Fault.ERROR:
            self._send(self._writer.error(500, "out_of_order", ERROR_MESSAGE))
            self._go_on()
        elif fault is Fault.SILENCE:
            self._wait(PatientGate(SILENCE))

    def _go_on(self) -> None:
        """Write the rest of the script, as if there had been no fault."""
        rest = self._scenario.script.deltas[len(self._scenario.sent.deltas) :]
        self._send(self._documents(rest or [TextDelta("text after the fault")]))
        self._finish(None)

    def _half(self) -> bytes:
        """A part of the next frame, never its whole payload."""
        rest = self._scenario.script.deltas[len(self._scenario.sent.deltas) :]
        document = [*self._documents(rest), *self._end()][0]
        frame = self._formatted(self._wire.packed(document, self._position))
        end = frame.rfind(b"}")
        return frame[: max(1, int(self._scenario.half * max(end, 1)))]

    def _send(self, documents: Iterable[Document]) -> None:
        for document in documents:
            frame = self._formatted(self._wire.packed(document, self._position))
            self._run.append(frame)
            self._written += len(frame)
            self._position += 1

    def _formatted(self, frame: bytes) -> bytes:
        return self._scenario.style.formatted(frame, self._wire.content_type)

    def _wait(self, gate: Gate | None) -> None:
        if gate is not None:
            self._flush()
            self.body.append(gate)

    def _flush(self) -> None:
        style = self._scenario.style
        for piece in style.cut(self._run):
            self.body += [piece, Moment()] if style.pieces == "boundaries" else [piece]
        self._run = []


def until_marker(wire: Wire, end: list[Document]) -> tuple[list[Document], list[Document]]:
    """Split the frames of an end after the one with the end marker."""
    after = wire.end_marker % len(end) + 1
    return end[:after], end[after:]
