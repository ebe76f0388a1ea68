"""The command under its other name."""

from __future__ import annotations

import subprocess
import sys

import modelstream


def test_python_m_modelstream_is_the_command():
    command = [sys.executable, "-m", "modelstream", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == f"modelstream {modelstream.__version__}\n"
