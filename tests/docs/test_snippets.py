"""The Python in the README and in the documentation runs unchanged."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from pages import PAGES, ROOT, name_of, python_of

LINK = re.compile(r"\]\(([^)#:]+)\)")

FEW_EXAMPLES = """
from hypothesis import settings

settings.register_profile("few", deadline=None, max_examples=10, derandomize=True)
settings.load_profile("few")
"""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_python_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    """From top to bottom in one program; classes of the conformance kit run as tests."""
    code = python_of(page)
    assert code
    if "local_chat" in code and find_spec("modelstream_local") is None:
        pytest.skip("the page uses the local model, which is not installed here")
    kit = "Conformance" in code
    program = tmp_path / "test_page.py"
    program.write_text(code if kit else f"def test_page():\n    exec({code!r}, {{'__name__': 'page'}})\n")
    (tmp_path / "conftest.py").write_text(FEW_EXAMPLES)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(program)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", sorted({*PAGES, *(ROOT / "docs").rglob("*.md")}), ids=name_of)
def test_links_point_to_files(page: Path) -> None:
    targets = [page.parent / target for target in LINK.findall(page.read_text())]
    assert [target for target in targets if not target.exists()] == []
