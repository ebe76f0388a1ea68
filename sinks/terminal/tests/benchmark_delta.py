"""Microseconds per delta that the terminal sink shows, written and flushed to the null device.

Run it by hand: `python benchmark_delta.py [deltas]`. CPU time of the process, the best of five runs.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from modelstream.deltas import ReasoningDelta
from modelstream.sinks.base import Message, Outcome
from modelstream.snapshot import FixedText, Snapshot
from modelstream_terminal import TerminalSink, harmless

WORDS = ["Why", " is", " the", " sky", " blue", "?\n", " It", " scat", "ters", ".", " 你好", " 👋"]
COMPLETE = Outcome("complete", "stop")


def floor(file, snapshots):
    for snapshot in snapshots:
        file.write(snapshot.delta)
        file.flush()


def sanitize(file, snapshots):
    for snapshot in snapshots:
        harmless(snapshot.delta)


def one_agent(file, snapshots):
    sink, message = TerminalSink(file=file, color=True), Message("Bob")
    for snapshot in snapshots:
        sink.write(message, snapshot)
    sink.close(message, COMPLETE)


def thinking(file, snapshots):
    sink, message = TerminalSink(file=file, color=True), Message("Bob")
    for snapshot in snapshots:
        sink.write_delta(message, ReasoningDelta(snapshot.delta))
    sink.close(message, COMPLETE)


def four_agents(file, snapshots):
    sink, messages = TerminalSink(file=file, patience=3600), [Message(name) for name in "ABCD"]
    for snapshot in snapshots[: len(snapshots) // 4]:
        for message in messages:
            sink.write(message, snapshot)
    for message in messages:
        sink.close(message, COMPLETE)
    sink.shutdown()


def deltas(count):
    offset = 0
    for number in range(count):
        word = WORDS[number % len(WORDS)]
        yield Snapshot(word, False, offset, FixedText(""))
        offset += len(word)


def best(work, snapshots, runs=5):
    """The shortest CPU time of some runs, in microseconds per delta."""
    times = []
    for _ in range(runs):
        with Path(os.devnull).open("w", encoding="utf-8") as file:
            begin = time.process_time()
            work(file, snapshots)
            times.append(time.process_time() - begin)
    return min(times) / len(snapshots) * 1e6


def main(count=100_000):
    snapshots = list(deltas(count))
    print(f"{count} deltas, microseconds each")
    for name, work in {
        "write and flush alone": floor,
        "sanitizing": sanitize,
        "one agent": one_agent,
        "reasoning": thinking,
        "four agents at once": four_agents,
    }.items():
        print(f"  {name:<22} {best(work, snapshots):6.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
