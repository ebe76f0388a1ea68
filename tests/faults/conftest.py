"""The parts of the fault table are modules beside the tests."""

import gc
import sys
import warnings
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="module", autouse=True)
def _what_sdks_leave_behind():
    """LiteLLM and its HTTP library close their sockets when they are collected, if at all."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
