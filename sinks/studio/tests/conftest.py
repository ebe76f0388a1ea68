"""Fixtures with a fake and a real Studio; the modules in this folder can be imported."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def studio():
    """A fake Studio that stores everything in memory."""
    from fake_studio import FakeStudio

    with FakeStudio() as fake:
        yield fake
    assert not fake.memory.refused


@pytest.fixture
def sinks():
    """Creates sinks, shuts them down at the end, and asserts that their threads end."""
    from fake_studio import TOKEN

    from modelstream_studio import Studio

    created = []

    def create(url, **options):
        created.append(Studio(url=url, **{"token": TOKEN, **options}))
        return created[-1]

    yield create
    for sink in created:
        sink.shutdown()
    for thread in threading.enumerate():
        if thread.name.startswith("modelstream-studio"):
            thread.join(5)
            assert not thread.is_alive(), f"{thread.name} still runs"


@pytest.fixture
def warnings(caplog):
    """Returns the messages in the log "modelstream" so far."""
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
    """Starts `modelstream studio` with these arguments, in another process."""
    from served import StudioProcess

    created = []

    def start(*arguments):
        created.append(StudioProcess(tmp_path, *arguments))
        return created[-1]

    yield start
    for process in created:
        if process.process.poll() is None:
            process.kill()
