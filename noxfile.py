"""The chores of this repository. The packages are read from the folder tree; nothing here names one.

`nox` alone runs the tests. `nox -l` lists the rest.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["tests"]
nox.options.error_on_external_run = True

ROOT = Path(__file__).parent
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
PLUGINS = sorted(
    path.parent.relative_to(ROOT).as_posix()
    for kind in ("plugins", "sinks")
    for path in ROOT.glob(f"{kind}/*/pyproject.toml")
)
PACKAGES = ["core", *PLUGINS]


def group(name: str) -> list[str]:
    """The requirements of a dependency group. Read here: the pip that comes with Python knows no groups."""
    return list(nox.project.dependency_groups(PROJECT, name))


def editable(packages: list[str]) -> list[str]:
    """The arguments that install these folders in place."""
    return [argument for package in packages for argument in ("-e", f"./{package}")]


def with_core(package: str) -> list[str]:
    """The package and what it needs of this repository."""
    return list(dict.fromkeys(["core", package]))


def tests_of(package: str) -> list[str]:
    """Where the tests of one package are: with it, for the core in the common folder as well."""
    found = [path for path in (f"{package}/tests", f"tests/{package}") if (ROOT / path).is_dir()]
    if not found:
        raise FileNotFoundError(f"{package} has no tests")  # pytest without a path would run all of them
    return found


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests with everything installed."""
    session.install(*editable(PACKAGES), *group("test"))
    session.run("pytest", *session.posargs)


@nox.session
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def alone(session: nox.Session, package: str) -> None:
    """Run the tests of one package with nothing but it and the core installed."""
    session.install(*editable(with_core(package)), *group("test"))
    session.run("pytest", *tests_of(package), *session.posargs)


@nox.session
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def min_versions(session: nox.Session, package: str) -> None:
    """Run the tests of one package with the oldest dependencies that it says it works with."""
    session.install("uv")
    # With the test group in the same run: the newest pytest would bring a newer pluggy.
    oldest = ("uv", "pip", "install", "--resolution=lowest-direct")
    session.run(*oldest, *editable(with_core(package)), *group("test"))
    session.run("pytest", *tests_of(package), *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    session.install(*group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check", "--diff")


@nox.session
def typecheck(session: nox.Session) -> None:
    """Check the types of all packages, strictly."""
    session.install(*editable(PACKAGES), *group("typecheck"))
    session.run("mypy", *(f"{package}/src" for package in PACKAGES))


@nox.session
def build(session: nox.Session) -> None:
    """Build all packages, install the wheels alone in an empty environment, and use the command."""
    session.install("uv")
    folder = Path(session.create_tmp()).resolve()
    shutil.rmtree(folder / "dist", ignore_errors=True)
    session.run("uv", "build", "--all-packages", "--out-dir", str(folder / "dist"))
    session.run("uv", "venv", "--clear", str(folder / "empty"))
    wheels = map(str, sorted((folder / "dist").glob("*.whl")))
    session.run("uv", "pip", "install", "--python", str(folder / "empty"), *wheels)
    session.log("use: modelstream --version, plugins, a prompt")


@nox.session
def bench(session: nox.Session) -> None:
    """Run the benchmarks and print their figures."""
    session.install(*editable(PACKAGES), *group("test"))
    for script in sorted(ROOT.glob("tests/benchmarks/*.py")):
        session.run("python", str(script), *session.posargs)
