"""The command under its other name."""

from __future__ import annotations

import subprocess
import sys

import modelstream


def test_python_m_modelstream_is_the_command():
    command = [sys.executable, "-m", "modelstream", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == f"modelstream {modelstream.__version__}\n"


def test_the_version_is_printed_without_importing_click():
    program = (
        "import sys; from modelstream.cli import main; sys.argv[1:] = ['--version']; main()\n"
        "print('click' in sys.modules)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == f"modelstream {modelstream.__version__}\nFalse\n"
