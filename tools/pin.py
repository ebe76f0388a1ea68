"""Write `tests/constraints.txt`: one version of everything that the tests install. Run by `nox -s pin`.

The file is one for all systems and all supported versions of Python. It names no package index.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "tests" / "constraints.txt"
GROUPS = ("test", "browser", "typecheck", "lint")

HEADER = """\
# The versions that `nox -s tests` and the other checks install, the same on every machine and at any time.
# Written by `nox -s pin`; do not edit. `nox -s newest` tries the newest versions instead.
"""

EXCLUDED: dict[str, str] = {}
"""Versions that are not taken, and why."""


def main() -> None:
    """Resolve anew and write the file."""
    with tempfile.TemporaryDirectory() as name:
        limits = Path(name, "limits.txt")
        limits.write_text("".join(f"{requirement}\n" for requirement in EXCLUDED), "utf-8")
        CONSTRAINTS.write_text(HEADER + _reasons() + _resolved(limits), "utf-8")


def _resolved(limits: Path) -> str:
    projects = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("*/pyproject.toml"))
    projects += sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("*/*/pyproject.toml"))
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    command += [
        "--no-header",
        "--no-annotate",
        "--no-emit-package",
        "modelstream",
        "--constraints",
        str(limits),
    ]
    command += [part for name in GROUPS for part in ("--group", name)]
    done = subprocess.run([*command, *projects], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)
    # Ours are installed from their folders, and a line of an index would name this machine's.
    lines = [line for line in done.stdout.splitlines() if "==" in line and not line.startswith(("-", "#"))]
    return "".join(f"{line}\n" for line in lines)


def _reasons() -> str:
    return "".join(f"# {requirement}: {reason}\n" for requirement, reason in EXCLUDED.items())


if __name__ == "__main__":
    main()
