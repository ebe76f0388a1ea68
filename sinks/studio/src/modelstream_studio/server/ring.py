"""The latest ticks, as bytes ready to be sent. A browser needs only a position in them, not a queue."""

from __future__ import annotations

from collections import deque

import msgspec

from modelstream_studio.server import limits


class Tick(msgspec.Struct):
    """The changes within one tick: events for all browsers, and for those that show one run."""

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
        """Add a tick, with the JSON data of its events."""
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
        """The current position."""
        return f"{self.epoch}-{self.seq}"

    def found(self, position: str) -> int | None:
        """The number of a position, or None if it is not possible to continue from it."""
        epoch, _, seq = position.rpartition("-")
        if epoch != self.epoch or not seq.isdecimal() or not self.holds(int(seq)):
            return None
        return int(seq)

    def holds(self, seq: int) -> bool:
        """Whether everything after `seq` is still here."""
        return self.seq - len(self._ticks) <= seq <= self.seq

    def after(self, seq: int, run: str | None) -> bytes:
        """The events since `seq` for a browser that shows `run`, in one piece."""
        missing = self.seq - seq
        found = []
        # Most browsers are up to date; don't copy the list for them.
        ticks = [self._ticks[-1]] if missing == 1 else list(self._ticks)[len(self._ticks) - missing :]
        for tick in ticks:
            event = tick.of_run.get(run) if run is not None else None
            if tick.runs:
                # An id acknowledges everything before it, so only the last of two events of a tick has it.
                found.append(tick.runs if event is None else tick.runs.partition(b"\n")[2])
            if event is not None:
                found.append(event)
        return b"".join(found)
