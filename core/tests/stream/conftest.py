"""No test of the stream leaves a thread running or an error unseen."""

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
            _wait_for_end_of(thread)
    gc.collect()
    complaints = [
        r.getMessage()
        for phase in ("call", "teardown")  # what the collection brings up is logged in the teardown
        for r in caplog.get_records(phase)
        if r.name == "asyncio" and r.levelno >= logging.ERROR
    ]
    assert not complaints


def _wait_for_end_of(thread: threading.Thread) -> None:
    until = time.monotonic() + 5
    while thread.is_alive():
        assert time.monotonic() < until, f"{thread.name} is still running"
        gc.collect()  # repeatedly: the thread may still create a reference cycle
        thread.join(0.02)


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries come at once."""
    monkeypatch.setattr("modelstream.call.retries.FIRST_PAUSE", 0.0)
