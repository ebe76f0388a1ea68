"""`nox -s bump` writes a version everywhere it stands, or nothing at all."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

PARTS = (
    "core/src/modelstream/__init__.py",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs/how-to/write-a-provider.md",
)


@pytest.fixture
def tree(root, packages, tmp_path):
    """A copy of all files in which the version or a range of it stands."""
    names = [*PARTS, *(f"{p.folder.relative_to(root).as_posix()}/pyproject.toml" for p in packages)]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def bump(root, tree):
    def run(*arguments):
        command = [sys.executable, str(root / "tools" / "bump.py"), "--root", str(tree), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    return run


def contents(tree):
    return {
        path.relative_to(tree).as_posix(): path.read_text("utf-8")
        for path in sorted(tree.rglob("*.*"))
        if path.is_file()
    }


def test_everything_has_the_new_version(bump, tree, packages):
    done = bump("7.8.9")
    assert done.returncode == 0, done.stderr
    files = contents(tree)
    assert '\n__version__ = "7.8.9"\n' in files["core/src/modelstream/__init__.py"]
    plugins = [name for name in files if name.startswith(("plugins/", "sinks/"))]
    assert len(plugins) == len(packages) - 1
    for name in plugins:
        assert '\nversion = "7.8.9"\n' in files[name]
        assert '"modelstream>=7.8,<8"' in files[name]
    assert re.search(
        r"^## \[Unreleased\]\n\n## \[7\.8\.9\] - \d{4}-\d\d-\d\d$", files["CHANGELOG.md"], re.MULTILINE
    )
    assert [name for name, text in files.items() if "modelstream>=0." in text] == []
    assert bump().stdout == "7.8.9\n"


def test_before_1_0_plugins_accept_one_minor_version(bump, tree):
    assert bump("0.77.1").returncode == 0
    assert "modelstream>=0.77,<0.78" in (tree / "plugins/openai/pyproject.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("1.2", "'1.2' is not a valid version"),
        ("v1.2.3", "'v1.2.3' is not a valid version"),
        ("0.0.1", "'0.0.1' is older than the current version"),
    ],
)
def test_an_invalid_version_changes_nothing(bump, tree, version, reason):
    before = contents(tree)
    done = bump(version)
    assert done.returncode == 1
    assert reason in done.stderr
    assert contents(tree) == before


def test_a_file_without_a_version_changes_nothing(bump, tree):
    path = tree / "sinks/terminal/pyproject.toml"
    path.write_text(path.read_text("utf-8").replace("version = ", "edition = "), "utf-8")
    before = contents(tree)
    done = bump("7.8.9")
    assert done.returncode == 1
    assert "terminal" in done.stderr
    assert contents(tree) == before


def test_only_a_version_with_a_date_is_releasable(bump):
    assert bump("7.8.9").returncode == 0
    assert bump("--releasable").stdout == "7.8.9\n"
    again = bump("7.8.9")
    assert again.returncode == 1
    assert "has a heading for 7.8.9 already" in again.stderr
    assert bump("7.9.0").returncode == 0


def test_an_undated_version_is_not_releasable(bump, tree):
    changelog = tree / "CHANGELOG.md"
    changelog.write_text("# Changelog\n\n## [Unreleased] 0.1.0\n", "utf-8")
    done = bump("--releasable")
    assert done.returncode == 1
    assert "has no date for this version" in done.stderr
