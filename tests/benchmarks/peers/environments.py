"""A virtual environment for each client, created by uv from the requirements in its file, and kept."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]
CLIENTS = Path(__file__).parent / "clients"
KEPT = ROOT / ".nox" / "bench-peers"
LOCAL = {
    tomllib.loads(path.read_text())["project"]["name"]: path.parent
    for pattern in ("core", "plugins/*", "sinks/*")
    for path in ROOT.glob(f"{pattern}/pyproject.toml")
}
"""The folders of this repository's distributions."""


def python_for(client: Path) -> str:
    """The Python of the client's environment, which is created if it does not fit the requirements."""
    arguments = arguments_for(needed(client))
    place = KEPT / client.stem
    stamp = place / "made-from"
    wanted = hashlib.sha256("\n".join([sys.version, *arguments, *projects(arguments)]).encode()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != wanted:
        print(f"{client.stem}: an environment with {', '.join(needed(client))}", file=sys.stderr, flush=True)
        uv("venv", "--quiet", "--clear", "--python", sys.executable, str(place))
        uv("pip", "install", "--quiet", "--python", python_in(place), *arguments)
        stamp.write_text(wanted)
    return python_in(place)


def needed(client: Path) -> list[str]:
    """What stands in the block that starts the file (PEP 723)."""
    found = re.search(r"(?m)^# /// script\n((?:#.*\n)+?)# ///$", client.read_text())
    if found is None:
        raise ValueError(f"{client} does not say what it needs")
    dependencies: list[str] = tomllib.loads(re.sub(r"(?m)^# ?", "", found[1]))["dependencies"]
    return dependencies


def arguments_for(requirements: list[str]) -> list[str]:
    """The arguments that install them, those of this repository in place."""
    local = [LOCAL[name] for name in requirements if name in LOCAL]
    places = [LOCAL["modelstream"], *local] if local else []
    others = [name for name in requirements if name not in LOCAL]
    return [*(part for place in places for part in ("-e", str(place))), *others]


def projects(arguments: list[str]) -> list[str]:
    """What the folders among the arguments need in turn: another environment when it changes."""
    return [Path(one, "pyproject.toml").read_text() for one in arguments if Path(one).is_absolute()]


def python_in(place: Path) -> str:
    """The interpreter of an environment."""
    return str(place / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def uv(*arguments: str) -> None:
    """Run uv."""
    subprocess.run(["uv", *arguments], check=True)


def versions(python: str, names: list[str]) -> dict[str, str]:
    """The versions that an environment has of these distributions."""
    code = "import sys, importlib.metadata as m\nfor n in sys.argv[1:]: print(n, m.version(n))"
    output = subprocess.run([python, "-c", code, *names], check=True, capture_output=True, text=True).stdout
    return dict(line.split() for line in output.splitlines())
