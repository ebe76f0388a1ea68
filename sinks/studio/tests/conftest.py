"""Helpers beside the tests can be imported by them; no sink leaves a thread behind."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def studio():
    """A Studio that keeps all in memory."""
    from fake_studio import FakeStudio

    with FakeStudio() as fake:
        yield fake
    assert not fake.memory.refused


@pytest.fixture
def sinks():
    """Makes sinks, which are shut down at the end; their threads must end, too."""
    from fake_studio import TOKEN

    from modelstream_studio import Studio

    made = []

    def make(url, **options):
        made.append(Studio(url=url, **{"token": TOKEN, **options}))
        return made[-1]

    yield make
    for sink in made:
        sink.shutdown()
    for thread in threading.enumerate():
        if thread.name.startswith("modelstream-studio"):
            thread.join(5)
            assert not thread.is_alive(), f"{thread.name} was left behind"


@pytest.fixture
def warnings(caplog):
    """What the log "modelstream" has been told by now."""
    return lambda: [record.getMessage() for record in caplog.records if record.name == "modelstream"]


@pytest.fixture
def served(tmp_path):
    """A real Studio in a thread, with a real database."""
    from served import Served

    server = Served(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def studio_process(tmp_path):
    """Starts `modelstream studio` with these arguments, in a process of its own."""
    from served import StudioProcess

    made = []

    def start(*arguments):
        made.append(StudioProcess(tmp_path, *arguments))
        return made[-1]

    yield start
    for process in made:
        if process.process.poll() is None:
            process.kill()
