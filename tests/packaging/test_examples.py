"""The example of a plugin: built, installed beside the core, found by its entry point, and tested."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# A build, with an environment of its own.
pytestmark = pytest.mark.timeout(300)

EXAMPLES = sorted(path.parent for path in (Path(__file__).parents[2] / "examples").glob("*/pyproject.toml"))


def test_there_is_one():
    assert EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_passes_its_tests_as_it_is_installed(example, root, tmp_path):
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--target", tmp_path / "site", example], check=True)

    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    tests = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", example / "tests"]
    done = subprocess.run(tests, cwd=root, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    listing = subprocess.run(
        [sys.executable, "-m", "modelstream", "plugins"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = (
        line
        for line in listing.stdout.splitlines()
        if f"modelstream-{example.name.partition('-')[0]}" in line
    )
    assert line.split()[-1] == "loaded"
