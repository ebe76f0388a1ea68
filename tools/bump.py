"""Write a new version everywhere it stands: `python tools/bump.py 0.2.0`. Run by `nox -s bump`.

The core's stands in `modelstream/__init__.py`, where its build reads it; each plugin has one in its own
`pyproject.toml`, so that its folder builds alone. The range of the core that plugins accept, and the
heading of the changelog, follow.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import sys
from pathlib import Path

CORE = "core/src/modelstream/__init__.py"
PACKAGES = ("plugins/*/pyproject.toml", "sinks/*/pyproject.toml")
PAGES = ("*.md", "docs/**/*.md", "plugins/*/README.md", "sinks/*/README.md")

CORE_VERSION = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)
PLUGIN_VERSION = re.compile(r'^version = "(.+)"$', re.MULTILINE)
RANGE = re.compile(r"\bmodelstream>=[\d.]+,<[\d.]+")
UNRELEASED = re.compile(r"^## \[Unreleased\].*$", re.MULTILINE)
VERSION = re.compile(r"\d+\.\d+\.\d+")


def current_version(root: Path) -> str:
    """The version that this tree has."""
    found = CORE_VERSION.search((root / CORE).read_text("utf-8"))
    if found is None:
        raise SystemExit(f'{CORE} has no line __version__ = "…"')
    return found[1]


def core_range(version: str) -> str:
    """What a plugin of this version requires: before 1.0 a minor version may change what is public."""
    major, minor, _ = map(int, version.split("."))
    return f"modelstream>={major}.{minor},<{f'{major}.{minor + 1}' if major == 0 else major + 1}"


def released_on(root: Path, version: str) -> str | None:
    """The date that the changelog has for this version, if any."""
    heading = re.compile(rf"^## \[{re.escape(version)}\] - (\d{{4}}-\d\d-\d\d)$", re.MULTILINE)
    found = heading.search((root / "CHANGELOG.md").read_text("utf-8"))
    return found[1] if found else None


def new_texts(root: Path, version: str, day: str) -> dict[Path, str]:
    """Each file that changes, with its new text. Writes nothing, so that a mistake changes no file."""
    texts = {root / CORE: _replaced(root / CORE, CORE_VERSION, f'__version__ = "{version}"')}
    for path in _files(root, PACKAGES):
        text = _replaced(path, PLUGIN_VERSION, f'version = "{version}"')
        texts[path] = RANGE.sub(core_range(version), text)
    for path in _files(root, PAGES):
        text = path.read_text("utf-8")
        if RANGE.search(text):
            texts[path] = RANGE.sub(core_range(version), text)
    changelog = root / "CHANGELOG.md"
    texts[changelog] = _replaced(changelog, UNRELEASED, f"## [Unreleased]\n\n## [{version}] - {day}")
    return texts


def _files(root: Path, patterns: tuple[str, ...]) -> list[Path]:
    return sorted({path for pattern in patterns for path in root.glob(pattern)})


def _replaced(path: Path, pattern: re.Pattern[str], line: str) -> str:
    text, count = pattern.subn(lambda _: line, path.read_text("utf-8"))
    if count != 1:
        raise SystemExit(f"{path}: {count} lines match {pattern.pattern}, and it should be one")
    return text


def _check(root: Path, version: str) -> None:
    if not VERSION.fullmatch(version):
        raise SystemExit(f"'{version}' is not a valid version: give three numbers, such as 0.2.0")
    current = current_version(root)
    if _numbers(version) < _numbers(current):
        raise SystemExit(f"'{version}' is older than the current version, {current}")
    if released_on(root, version):
        raise SystemExit(f"CHANGELOG.md has a heading for {version} already")


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def main() -> None:
    """Write the version that the command line gives, or print the current one."""
    parser = argparse.ArgumentParser(description="Write a new version everywhere it stands.")
    parser.add_argument("version", nargs="?", help="the new version; without it, the current one is printed")
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[1], help="the repository")
    parser.add_argument(
        "--releasable", action="store_true", help="fail unless the changelog has a date for it"
    )
    options = parser.parse_args()
    if options.version is None:
        if options.releasable and not released_on(options.root, current_version(options.root)):
            raise SystemExit("CHANGELOG.md has no date for this version: `nox -s bump` writes it")
        sys.stdout.write(f"{current_version(options.root)}\n")
        return
    _check(options.root, options.version)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    for path, text in new_texts(options.root, options.version, today).items():
        path.write_text(text, "utf-8")
        sys.stdout.write(f"{path.relative_to(options.root)}\n")


if __name__ == "__main__":
    main()
