"""No test of the sinks leaves a thread running or a sink active."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

import modelstream
from modelstream.sinks.delivery import worker

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def _nothing_is_left(monkeypatch):
    # A sink that a test handed to show() belongs to the test: its thread ends when it is idle.
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.05)
    before = set(threading.enumerate())
    yield
    modelstream.shutdown()
    for thread in set(threading.enumerate()) - before:
        if thread.name not in ("modelstream-timeouts", "modelstream-loop"):
            thread.join(5)
            assert not thread.is_alive(), f"{thread.name} is still running"


@pytest.fixture
def warnings(caplog):
    """The records of the logger "modelstream" until now, as (level, text)."""

    def logged():
        records = [record for record in caplog.records if record.name == "modelstream"]
        return [(record.levelname, record.getMessage()) for record in records]

    return logged
