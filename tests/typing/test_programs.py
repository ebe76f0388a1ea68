"""What users write passes mypy --strict, pyright and ty, and each of them knows the precise types.

A line of `programs/` that ends in `# error` is one where every checker has to complain.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from pages import ROOT, python_of

PROGRAMS = {
    "readme.py": python_of(ROOT / "README.md"),
    "tutorial.py": python_of(ROOT / "docs/tutorial.md"),
    **{path.name: path.read_text() for path in sorted(Path(__file__).parent.glob("programs/*.py"))},
}
# Loops over `last, text` that need only one of them are what the pages show.
PYRIGHT = {"typeCheckingMode": "strict", "pythonVersion": "3.11", "reportUnusedVariable": False}

CONCISE = re.compile(r"^(\w+\.py):(\d+):(?:\d+:)? error(.*)$", re.MULTILINE)


class Complaint(NamedTuple):
    """Where a checker complains, and what it says."""

    program: str
    line: int
    message: str


def by_mypy(folder: Path) -> list[Complaint]:
    cache_of_its_own = ("--cache-dir", str(folder / "cache"))
    return _concise(_output(folder, "mypy", "--strict", *cache_of_its_own, "--config-file=", *PROGRAMS))


def by_ty(folder: Path) -> list[Complaint]:
    python = ("--python", sys.executable, "--python-version", "3.11")
    return _concise(_output(folder, "ty", "check", *python, "--output-format", "concise", *PROGRAMS))


def by_pyright(folder: Path) -> list[Complaint]:
    (folder / "pyrightconfig.json").write_text(json.dumps(PYRIGHT))
    output = json.loads(_output(folder, "pyright", "--outputjson", "--pythonpath", sys.executable))
    assert output["summary"]["filesAnalyzed"] == len(PROGRAMS)
    return [
        Complaint(Path(one["file"]).name, one["range"]["start"]["line"] + 1, one["message"])
        for one in output["generalDiagnostics"]
    ]


CHECKERS = {"mypy": by_mypy, "pyright": by_pyright, "ty": by_ty}


def _output(folder: Path, checker: str, *arguments: str) -> str:
    command = [sys.executable, "-m", checker, *arguments]
    environment = {**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=280
    )
    # 1: there is something to complain of, as there is in every run.
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def _concise(output: str) -> list[Complaint]:
    return [Complaint(program, int(line), message) for program, line, message in CONCISE.findall(output)]


@cache
def complaints(checker: str) -> list[Complaint]:
    """What the checker says of all programs together: each needs a second to read the package."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for program, code in PROGRAMS.items():
            (folder / program).write_text(code)
        return CHECKERS[checker](folder)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("checker", CHECKERS)
def test_a_checker_complains_of_what_is_wrong_and_of_nothing_else(checker: str, program: str) -> None:
    if find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed here; `nox -s typecheck` has it")
    found = {one.line: one.message for one in complaints(checker) if one.program == program}
    lines = PROGRAMS[program].splitlines()
    expected = {number for number, line in enumerate(lines, start=1) if line.endswith("  # error")}
    listing = [f"{program}:{number}: {lines[number - 1].strip()}: {text}" for number, text in found.items()]
    assert found.keys() == expected, "\n".join(listing)


def test_there_are_lines_to_complain_of() -> None:
    """Else a checker that reads nothing would do."""
    assert sum(line.endswith("  # error") for line in PROGRAMS["wrong.py"].splitlines()) > 5
    assert "response.stream" in PROGRAMS["readme.py"]
    assert "response.stream" in PROGRAMS["tutorial.py"]
