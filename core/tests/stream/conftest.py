"""Every test of the stream leaves nothing behind: no thread, no unseen error."""

from __future__ import annotations

import gc
import logging
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def _nothing_is_left(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No thread but the one of the timeouts, and nothing that asyncio complains about."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if thread.name not in ("modelstream-timeouts", "modelstream-loop"):
            _see_off(thread)
    gc.collect()
    said = [
        r.getMessage()
        for phase in ("call", "teardown")  # what the collection brings up is logged in the teardown
        for r in caplog.get_records(phase)
        if r.name == "asyncio" and r.levelno >= logging.ERROR
    ]
    assert not said


def _see_off(thread: threading.Thread) -> None:
    until = time.monotonic() + 5
    while thread.is_alive():
        assert time.monotonic() < until, f"{thread.name} was left behind"
        gc.collect()  # again and again: what the thread is doing just now may leave a circle behind
        thread.join(0.02)


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries come at once."""
    monkeypatch.setattr("modelstream.call.retries.FIRST_PAUSE", 0.0)
