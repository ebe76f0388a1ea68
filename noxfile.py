"""The sessions of this repository. The list of packages is computed from the folders.

`nox` runs the tests. `nox -l` lists all sessions.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
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
EXTRAS = [
    f"{package}[{extra}]"
    for package in PLUGINS
    for extra in nox.project.load_toml(ROOT / package / "pyproject.toml")["project"].get(
        "optional-dependencies", ()
    )
]
# Pinned versions, so that a failure comes from a change here; `newest`, `min_versions` and `extras` do not.
CONSTRAINTS = ("--constraint", "tests/constraints.txt")
CONFORMING = [package for package in PACKAGES if (ROOT / package / "tests" / "test_conformance.py").is_file()]
# For sessions that only check whether a version works.
FEW_EXAMPLES = {"HYPOTHESIS_PROFILE": "few"}


def group(name: str) -> list[str]:
    """The requirements of a dependency group. Read here, since older pips do not support groups."""
    return list(nox.project.dependency_groups(PROJECT, name))


def editable(packages: list[str]) -> list[str]:
    """The arguments that install these folders in place."""
    return [argument for package in packages for argument in ("-e", f"./{package}")]


def sdk_of(package: str) -> str:
    """The SDK of a model plugin, which its extras replace: its first dependency besides the core."""
    _, sdk, *_ = nox.project.load_toml(ROOT / package / "pyproject.toml")["project"]["dependencies"]
    return sdk.partition(">")[0]


def with_core(package: str) -> list[str]:
    """The package and its dependencies in this repository."""
    return list(dict.fromkeys(["core", package]))


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests with everything installed."""
    session.install(*CONSTRAINTS, *editable(PACKAGES), *group("test"))
    session.run("pytest", "--numprocesses=2", "--dist=loadfile", *session.posargs)


@nox.session
def newest(session: nox.Session) -> None:
    """Run all tests with the newest version of every dependency."""
    session.install("--upgrade", *editable(PACKAGES), *group("test"))
    session.run("pytest", "--numprocesses=2", "--dist=loadfile", *session.posargs)


@nox.session
def pin(session: nox.Session) -> None:
    """Rewrite tests/constraints.txt with the newest versions that are not excluded."""
    session.install("uv")
    session.run("python", "tools/pin.py")


@nox.session
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def alone(session: nox.Session, package: str) -> None:
    """Run the tests of one package with only it and the core installed."""
    session.install(*CONSTRAINTS, *editable(with_core(package)), *group("test"))
    session.run("pytest", f"{package}/tests", *session.posargs)


@nox.session
@nox.parametrize(
    "extra",
    [
        nox.param(extra, id=extra, tags=["older_sdks"] if extra.startswith("plugins/") else [])
        for extra in EXTRAS
    ],
)
def extras(session: nox.Session, extra: str) -> None:
    """Run the tests of one plugin with the core and one of its extras, usually an older SDK."""
    package = extra.partition("[")[0]
    session.install(*editable(["core", extra]), *group("test"))
    if package.startswith("plugins/"):
        session.run("python", "-m", "pip", "uninstall", "--quiet", "--yes", sdk_of(package))
    session.run("pytest", f"{package}/tests", *session.posargs, env=FEW_EXAMPLES)


@nox.session
@nox.parametrize("package", CONFORMING, ids=CONFORMING)
def conformance(session: nox.Session, package: str) -> None:
    """Hold one plugin to the laws of the conformance kit, with forty times the usual examples."""
    session.install(*CONSTRAINTS, *editable(with_core(package)), *group("test"))
    tests = ("--timeout=900", f"{package}/tests/test_conformance.py")
    session.run("pytest", *tests, *session.posargs, env={"HYPOTHESIS_PROFILE": "thorough"})


@nox.session
def conformance_score(session: nox.Session) -> None:
    """Run the kit on wrappers that are broken on purpose, and write into the docs which law finds what."""
    session.install(*CONSTRAINTS, *editable(["core"]), *group("test"))
    session.run("python", "tests/conformance/report.py", "--score", *session.posargs)


@nox.session
def fault_table(session: nox.Session) -> None:
    """Cause every fault for every wrapper, and write the results into the docs."""
    session.install(*CONSTRAINTS, *editable(PACKAGES), *group("test"))
    session.run("python", "tests/faults/fault_table.py", *session.posargs)


@nox.session
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def min_versions(session: nox.Session, package: str) -> None:
    """Run the tests of one package with the oldest dependencies that it allows."""
    session.install("uv")
    # In one run with the test group, whose newest pytest would otherwise install a newer pluggy.
    oldest = ("uv", "pip", "install", "--resolution=lowest-direct")
    session.run(*oldest, *editable(with_core(package)), *group("test"))
    session.run("pytest", f"{package}/tests", *session.posargs, env=FEW_EXAMPLES)


# AgentScope's versions, with the requirements that they do not declare.
AGENTSCOPE = {
    "0.1.1": ("agentscope==0.1.1", "tqdm"),
    "0.1.6": ("agentscope==0.1.6", "tqdm", "openai<3"),
    "1.0": ("agentscope==1.0.21", "tqdm", "greenlet", "mcp<2", "openai<3"),
}


@nox.session
def agentscope(session: nox.Session) -> None:
    """Let programs of several versions of AgentScope report to Studio, each in its own environment."""
    session.install("uv", *editable(["core", "sinks/studio[agentscope]"]), *group("test"))
    with tempfile.TemporaryDirectory() as name:
        pythons = {}
        for version, requirements in AGENTSCOPE.items():
            folder = Path(name, version)
            session.run("uv", "venv", "--quiet", "--python", "3.11", str(folder))
            python = str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
            session.run("uv", "pip", "install", "--quiet", "--python", python, *requirements)
            pythons[f"MODELSTREAM_AGENTSCOPE_{version.replace('.', '_')}"] = python
        tests = "sinks/studio/tests/test_agentscope_programs.py"
        session.run("pytest", tests, *session.posargs, env=pythons)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    session.install(*CONSTRAINTS, *group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check", "--diff")


@nox.session
def typecheck(session: nox.Session) -> None:
    """Check the types of all packages strictly, and those of sample programs with three checkers."""
    session.install(*CONSTRAINTS, *editable(PACKAGES), *group("typecheck"))
    examples = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("examples/*/src"))
    session.run("mypy", *(f"{package}/src" for package in PACKAGES), *examples)
    session.run("mypy", *map(str, sorted(ROOT.glob("examples/*.py"))))
    session.run("pytest", "tests/typing")


@nox.session
def build(session: nox.Session) -> None:
    """Build all packages, install the wheels in an empty environment, and run the command."""
    session.install("uv")
    with tempfile.TemporaryDirectory() as name:
        build_all(session, Path(name, "wheels"))
        try_wheels(session, Path(name, "wheels"), Path(name, "empty"))


@nox.session
def bump(session: nox.Session) -> None:
    """Set a new version in all files and date the changelog: `-- 0.2.0`."""
    session.run("python", "tools/bump.py", *session.posargs)


@nox.session
def release(session: nox.Session) -> None:
    """Build, check and try the packages of a clean tree into dist/, and tag it; publishes nothing."""
    session.install("uv", "twine")
    if session.run("git", "status", "--porcelain", external=True, silent=True):
        session.error("the tree is not clean: commit first")
    version = str(session.run("python", "tools/bump.py", "--releasable", silent=True)).strip()
    if session.run("git", "tag", "--list", f"v{version}", external=True, silent=True):
        session.error(f"the tag v{version} exists already: run `nox -s bump` first")
    dist = ROOT / "dist"
    if dist.exists() and any(dist.iterdir()):
        session.error(f"{dist} is not empty: move its content away")
    build_all(session, dist)
    session.run("twine", "check", "--strict", *map(str, sorted(dist.iterdir())))
    with tempfile.TemporaryDirectory() as name:
        try_wheels(session, dist, Path(name, "empty"))
    session.run(
        "git", "tag", "--annotate", f"v{version}", "--message", f"modelstream {version}", external=True
    )
    session.log(f"tagged v{version}; to publish it: twine upload dist/* and git push --tags")


def build_all(session: nox.Session, folder: Path) -> None:
    """Build the wheels and source distributions of all packages into this folder."""
    session.run("uv", "build", "--all-packages", "--out-dir", str(folder))
    (folder / ".gitignore").unlink(missing_ok=True)


def try_wheels(session: nox.Session, wheels: Path, environment: Path) -> None:
    """Install the wheels in an empty environment, and run the command."""
    scripts = install_wheels(session, wheels, environment)
    command = str(scripts / "modelstream")
    session.run(command, "--version", external=True)
    listing = str(session.run(command, "plugins", external=True, silent=True))
    session.log(listing)
    if "broken" in listing:
        session.error("a plugin is broken")
    ask(session, command, "Why is the sky blue?")


def install_wheels(session: nox.Session, wheels: Path, environment: Path) -> Path:
    """Install the wheels with Python's own venv and pip; returns the folder of the commands."""
    session.run("python", "-m", "venv", str(environment))
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    files = map(str, sorted(wheels.glob("*.whl")))
    session.run(str(scripts / "python"), "-m", "pip", "install", "--quiet", *files, external=True)
    return scripts


def ask(session: nox.Session, command: str, prompt: str) -> None:
    """Let the local model answer. If its weights can't be fetched, only warn."""
    session.log(f"{command} {prompt!r}")
    done = subprocess.run([command, prompt], capture_output=True, text=True, check=False, timeout=300)
    if done.returncode and "could not be fetched" in done.stderr:
        session.warn(f"not tested further: {done.stderr}")
    elif done.returncode or not done.stdout.strip():
        session.error(f"exit code {done.returncode}: {done.stdout}{done.stderr}")
    session.log(done.stdout)


@nox.session(venv_backend="venv")
def smoke(session: nox.Session) -> None:
    """Install all packages with plain pip into one environment, and let every provider answer."""
    session.install(*(f"./{package}" for package in PACKAGES))
    listing = str(session.run("modelstream", "plugins", silent=True))
    session.log(listing)
    plugins = [line for line in listing.splitlines()[1:] if not line.startswith(" ")]
    if len(plugins) < len(PLUGINS) or not all(line.endswith("loaded") for line in plugins):
        session.error("not every plugin loads")
    session.run("python", "tests/smoke/every_provider.py")


@nox.session
def browser(session: nox.Session) -> None:
    """Test Studio's page in Chromium, which must be installed."""
    packages = editable(["core", "sinks/studio"])
    session.install(*CONSTRAINTS, *packages, *group("test"), *group("browser"))
    required = {"MODELSTREAM_BROWSER": "required"}
    session.run("pytest", "sinks/studio/tests/browser", *session.posargs, env=required)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure modelstream beside its peers, each in its own environment; `-- lag streams` picks measures."""
    session.install("uv")
    session.run("python", "tests/benchmarks/peers/bench.py", *session.posargs)


@nox.session
def bench_quick(session: nox.Session) -> None:
    """The floor, the openai SDK and modelstream in about a minute; fails when the ratios get worse."""
    session.install(*CONSTRAINTS, *editable(["core", "plugins/openai"]), *group("test"))
    session.run("pytest", "-s", "tests/benchmarks/peers", *session.posargs)


@nox.session
def bench_studio(session: nox.Session) -> None:
    """Measure the cost of Studio: in a program, in its server and in its page."""
    session.install(*CONSTRAINTS, *editable(PACKAGES), *group("test"), *group("browser"))
    for script in sorted(ROOT.glob("tests/benchmarks/studio_*.py")):
        session.run("python", str(script), *session.posargs)
