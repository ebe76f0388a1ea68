"""The pages whose Python is tested: it runs, and type checkers accept it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "docs/tutorial.md",
    *sorted((ROOT / "docs/how-to").glob("*.md")),
]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def name_of(page: Path) -> str:
    """The page's path in this repository."""
    return str(page.relative_to(ROOT))


def python_of(page: Path) -> str:
    """All Python of a page as one program, from top to bottom."""
    return "\n\n".join(BLOCK.findall(page.read_text()))
