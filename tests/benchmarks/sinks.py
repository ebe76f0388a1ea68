"""What sinks cost on the path of a delta: microseconds of CPU time, per delta and sink.

    python tests/benchmarks/sinks.py [deltas]

An answer that is there already is shown to sinks that do nothing, so that what is measured is the core. The
thread that reads is timed by itself: what each further sink costs it has a target. The whole process has the
work of the sinks' threads on top. Medians of interleaved rounds; the exit code tells if the target is met.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from modelstream import Finish, Message, ModelResponse, ModelWrapper, Request, Snapshot, StreamSink, show
from modelstream.sinks.delivery.background import flush

ROUNDS = 9
TARGET = 0.3  # microseconds for each further sink


class Story(ModelWrapper):
    """Answers with as many deltas as it is asked for."""

    model_type = "story"

    def deltas(self, request: Request) -> Any:
        """The deltas, in lists: what a provider sends is not measured here."""
        yield [f"{number % 997} " for number in range(int(request.messages[0]["content"]))]
        yield Finish()


class Inline(StreamSink):
    """Does nothing in place."""

    delivery = "inline"

    def write(self, message: Message, snapshot: Snapshot) -> None:
        """Do nothing."""


class Background(StreamSink):
    """Does nothing in a thread of its own."""

    def write(self, message: Message, snapshot: Snapshot) -> None:
        """Do nothing."""


class Hanging(StreamSink):
    """Gets nowhere while the answer is shown, so that nearly all of it is put aside and joined."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def write(self, message: Message, snapshot: Snapshot) -> None:
        """Wait for the end of the round."""
        self.released.wait()


SINKS: dict[str, Callable[[], StreamSink]] = {
    "inline": Inline,
    "background": Background,
    "background, hanging": Hanging,
}


def cost(response: ModelResponse, sinks: list[StreamSink]) -> tuple[float, float]:
    """CPU seconds of the thread that shows the answer, and of the whole process."""
    thread, process = time.thread_time(), time.process_time()
    show(response, sinks=sinks)
    thread = time.thread_time() - thread
    for sink in sinks:
        if isinstance(sink, Hanging):
            sink.released.set()
    flush()
    return thread, time.process_time() - process


def main(deltas: int = 100_000) -> bool:
    """Measure, print, and tell whether the target is met."""
    response = Story()(str(deltas), stream=True)
    cases = {(name, count): [] for name in SINKS for count in (1, 4)} | {("none", 0): []}
    for _ in range(ROUNDS):
        for name, count in cases:
            cases[name, count].append(cost(response, [SINKS[name]() for _ in range(count)]))
    thread, process = (
        {case: median(run[which] for run in runs) / deltas * 1e6 for case, runs in cases.items()}
        for which in (0, 1)
    )
    print(f"{deltas} deltas, µs per delta: no sink {thread['none', 0]:.2f}")
    print(f"{'':22}{'one sink':>10}{'each further':>14}{'with its thread':>17}")
    further = {}
    for name in SINKS:
        further[name] = (thread[name, 4] - thread[name, 1]) / 3
        whole = (process[name, 4] - process[name, 1]) / 3
        print(f"{name:22}{thread[name, 1]:10.2f}{further[name]:14.2f}{whole:17.2f}")
    return max(further.values()) <= TARGET


if __name__ == "__main__":
    logging.disable()
    sys.exit(not main(*map(int, sys.argv[1:])))
