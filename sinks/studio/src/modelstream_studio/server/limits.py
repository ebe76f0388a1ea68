"""Limits of what a producer may send, so that a runaway one does not affect others."""

from __future__ import annotations

import time

NAME = 200
"""Characters of a name, a project, a model; longer ones are cut."""
PROMPT = 20_000
"""Characters of a question and of an error's message; longer ones are cut."""
METADATA = 16_384
"""Bytes of a message's metadata as JSON, and of a question's schema; larger values are omitted."""
TEXT = 8 << 20
"""Characters of a message's text, and of its reasoning; the rest counts as lost."""
ARGUMENTS = 1 << 20
"""Characters of one tool call's arguments."""
TOOL_CALLS = 1000
"""Tool calls of a message."""
OPEN_MESSAGES = 1000
"""Messages of a producer that are open at once."""
OPEN_QUESTIONS = 100
"""Questions of a producer that are open at once."""
PRODUCERS = 2000
"""Producers that are live at once."""
AGENTS = 50
"""Names of agents that a run's summary lists."""
ANSWER = 1 << 20
"""Bytes of an answer to a question."""

RATE = 4 << 20
"""Bytes per second that a producer may send on average."""
BURST = 64 << 20
"""Bytes that it may send at once after a pause: what its sink kept while Studio was unreachable."""
BATCHES = 100
"""Batches per second that a producer may send on average, and ten times as many at once."""

SNAPSHOT = 300
"""Messages that a browser gets at once."""
RUNS = 50
"""Runs that a browser gets at once."""
RING_TICKS = 2000
"""Ticks that a browser may be behind before it gets a snapshot: more than a minute."""
RING_BYTES = 32 << 20
"""The same in bytes, over all runs."""


class Bucket:
    """A rate limit: `burst` at once, `rate` per second on average."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._at = time.monotonic()

    def take(self, amount: float) -> float:
        """Take out `amount`; 0 if that was possible, else the seconds to wait."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if amount > self._left:
            return (amount - self._left) / self._rate
        self._left -= amount
        return 0
