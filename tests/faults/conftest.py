"""The parts of the fault table are modules next to the tests."""

import gc
import sys
import warnings
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="module", autouse=True)
def _ignore_sdk_leaks():
    """LiteLLM and its HTTP library close their sockets when they are collected, if at all."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
