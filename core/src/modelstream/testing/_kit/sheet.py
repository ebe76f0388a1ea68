"""A take in the bytes of a wire."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import TYPE_CHECKING

from modelstream.deltas import TextDelta
from modelstream.testing._kit.take import WHY, Fault, PatientGate, Take
from modelstream.testing.server import Moment

if TYPE_CHECKING:
    from modelstream.deltas import Delta
    from modelstream.testing.server import Gate
    from modelstream.wire.writing import Document, Wire

SILENCE = 5.0
"""Seconds of silence before the server gives up; every wrapper under test has given up long before."""


class Sheet:
    """A take in the bytes of a wire.

    `marker_from` and `marked` are the numbers of bytes up to the frame with the end marker and to its end, if
    that was written.
    """

    def __init__(self, wire: Wire, take: Take) -> None:
        self._wire = copy.copy(wire)
        self._wire.ascii = take.style.ascii
        self._writer = self._wire.writer()
        self._take = take
        self._script = take.script.worded(wire.finishes)
        self._position = 0
        self._run: list[bytes] = []
        self._written = 0
        self.marker_from = 0
        self.marked: int | None = None
        self.body: list[bytes | Gate] = []
        self._write()

    def _write(self) -> None:
        take = self._take
        gates = iter(take.gates)
        self._send(self._writer.start())
        for number, delta in enumerate(take.said.deltas):
            if number in take.style.noise:
                self._send(self._wire.noise())
            self._send(self._writer.write(delta))
            self._wait(next(gates, None))
        if take.fault is None:
            self._finish(next(gates, None))
        else:
            if take.ended:
                self._send_marker()
            self._wait(take.before_fault)
            self._break(take.fault)
        self._flush()

    def _finish(self, gate: Gate | None) -> None:
        trimmings = self._send_marker()
        self._wait(gate)
        afterwards = self._documents(self._take.then.deltas if self._take.then else ())
        self._send([*afterwards, *trimmings, *afterwards])
        if self._wire.tail:
            self._run.append(self._wire.tail)

    def _send_marker(self) -> list[Document]:
        """Send the frames of the end up to the one with the end marker; those after it."""
        frames, rest = until_marker(self._wire, self._end())
        self._send(frames[:-1])
        self.marker_from = self._written
        self._send(frames[-1:])
        self.marked = self._written
        return rest

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
            self._send(self._writer.error(500, "out_of_order", WHY))
            self._go_on()
        elif fault is Fault.SILENCE:
            self._wait(PatientGate(SILENCE))

    def _go_on(self) -> None:
        """Write the rest of the script, as if nothing had happened."""
        rest = self._take.script.deltas[len(self._take.said.deltas) :]
        self._send(self._documents(rest or [TextDelta("and yet it goes on")]))
        self._finish(None)

    def _half(self) -> bytes:
        """A part of the next frame: never all of its payload."""
        rest = self._take.script.deltas[len(self._take.said.deltas) :]
        document = [*self._documents(rest), *self._end()][0]
        frame = self._dressed(self._wire.packed(document, self._position))
        end = frame.rfind(b"}")
        return frame[: max(1, int(self._take.half * max(end, 1)))]

    def _send(self, documents: Iterable[Document]) -> None:
        for document in documents:
            frame = self._dressed(self._wire.packed(document, self._position))
            self._run.append(frame)
            self._written += len(frame)
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


def until_marker(wire: Wire, end: list[Document]) -> tuple[list[Document], list[Document]]:
    """The frames of an end up to the one with the end marker, and those after it."""
    after = wire.end_marker % len(end) + 1
    return end[:after], end[after:]
