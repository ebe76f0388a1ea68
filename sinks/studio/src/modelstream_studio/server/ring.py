"""The latest ticks, as bytes ready to be sent. A browser is a position in here, never a queue of its own."""

from __future__ import annotations

from collections import deque

import msgspec

from modelstream_studio.server import limits


class Tick(msgspec.Struct):
    """What changed within one tick: events for all browsers, and for those that look at one run."""

    seq: int
    runs: bytes
    of_run: dict[str, bytes]
    size: int


class Ring:
    """The last ticks, bounded in number and bytes. Positions are `epoch-seq`; each server has its epoch."""

    def __init__(self, epoch: str) -> None:
        self.epoch = epoch
        self.seq = 0
        self._ticks: deque[Tick] = deque()
        self._bytes = 0

    def append(self, runs: bytes, of_run: dict[str, bytes]) -> None:
        """A tick has passed: the data of its events, as JSON."""
        self.seq += 1
        stamp = f"id: {self.epoch}-{self.seq}\n".encode()
        events = {run: b"%sevent: run\ndata: %s\n\n" % (stamp, data) for run, data in of_run.items()}
        summary = b"%sevent: runs\ndata: %s\n\n" % (stamp, runs) if runs else b""
        size = len(summary) + sum(map(len, events.values()))
        self._ticks.append(Tick(self.seq, summary, events, size))
        self._bytes += size
        while len(self._ticks) > limits.RING_TICKS or self._bytes > limits.RING_BYTES:
            self._bytes -= self._ticks.popleft().size

    @property
    def position(self) -> str:
        """Where the ring is now."""
        return f"{self.epoch}-{self.seq}"

    def found(self, position: str) -> int | None:
        """The number of a position, or None if one can't go on from it."""
        epoch, _, seq = position.rpartition("-")
        if epoch != self.epoch or not seq.isdecimal() or not self.holds(int(seq)):
            return None
        return int(seq)

    def holds(self, seq: int) -> bool:
        """Whether all that came after `seq` is still here."""
        return self.seq - len(self._ticks) <= seq <= self.seq

    def after(self, seq: int, run: str | None) -> bytes:
        """The events since `seq` for a browser that looks at `run`, in one piece."""
        behind = self.seq - seq
        found = []
        # One that is up to date, as nearly all are, is spared the walk.
        ticks = [self._ticks[-1]] if behind == 1 else list(self._ticks)[len(self._ticks) - behind :]
        for tick in ticks:
            event = tick.of_run.get(run) if run is not None else None
            if tick.runs:
                # An id stands for all up to it: of two events of a tick, the last one has it.
                found.append(tick.runs if event is None else tick.runs.partition(b"\n")[2])
            if event is not None:
                found.append(event)
        return b"".join(found)
