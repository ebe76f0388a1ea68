"""The chores of this repository. The packages are read from the folder tree; nothing here names one.

`nox` alone runs the tests. `nox -l` lists the rest.
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
# One version of everything, the same next year; `nox -s newest` and `min_versions` do without.
CONSTRAINTS = ("--constraint", "tests/constraints.txt")
CONFORMING = [package for package in PACKAGES if (ROOT / package / "tests" / "test_conformance.py").is_file()]
# Where the question is whether a version works at all.
FEW_EXAMPLES = {"HYPOTHESIS_PROFILE": "few"}


def group(name: str) -> list[str]:
    """The requirements of a dependency group. Read here: the pip that comes with Python knows no groups."""
    return list(nox.project.dependency_groups(PROJECT, name))


def editable(packages: list[str]) -> list[str]:
    """The arguments that install these folders in place."""
    return [argument for package in packages for argument in ("-e", f"./{package}")]


def sdk_of(package: str) -> str:
    """The SDK of a model plugin, in whose place those of its extras are tried: its first own dependency."""
    _, sdk, *_ = nox.project.load_toml(ROOT / package / "pyproject.toml")["project"]["dependencies"]
    return sdk.partition(">")[0]


def with_core(package: str) -> list[str]:
    """The package and what it needs of this repository."""
    return list(dict.fromkeys(["core", package]))


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests with everything installed."""
    session.install(*CONSTRAINTS, *editable(PACKAGES), *group("test"))
    session.run("pytest", "--numprocesses=2", "--dist=loadfile", *session.posargs)


@nox.session
def newest(session: nox.Session) -> None:
    """Run all tests with the newest version of everything: tells what the world has changed."""
    session.install("--upgrade", *editable(PACKAGES), *group("test"))
    session.run("pytest", "--numprocesses=2", "--dist=loadfile", *session.posargs)


@nox.session
def pin(session: nox.Session) -> None:
    """Write tests/constraints.txt anew, with the newest versions that are not excluded."""
    session.install("uv")
    session.run("python", "tools/pin.py")


@nox.session
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def alone(session: nox.Session, package: str) -> None:
    """Run the tests of one package with nothing but it and the core installed."""
    session.install(*editable(with_core(package)), *group("test"))
    session.run("pytest", f"{package}/tests", *session.posargs)


@nox.session
@nox.parametrize("extra", EXTRAS, ids=EXTRAS)
def extras(session: nox.Session, extra: str) -> None:
    """Run the tests of one plugin with the core and one of its extras: another SDK, as a rule."""
    package = extra.partition("[")[0]
    session.install(*editable(["core", extra]), *group("test"))
    if package.startswith("plugins/"):
        session.run("python", "-m", "pip", "uninstall", "--quiet", "--yes", sdk_of(package))
    session.run("pytest", f"{package}/tests", *session.posargs, env=FEW_EXAMPLES)


@nox.session
@nox.parametrize("package", CONFORMING, ids=CONFORMING)
def conformance(session: nox.Session, package: str) -> None:
    """Hold one plugin to the laws of the conformance kit, with forty times the usual examples."""
    session.install(*editable(with_core(package)), *group("test"))
    tests = ("--timeout=900", f"{package}/tests/test_conformance.py")
    session.run("pytest", *tests, *session.posargs, env={"HYPOTHESIS_PROFILE": "thorough"})


@nox.session
def conformance_score(session: nox.Session) -> None:
    """Run the kit on all that is broken on purpose, and write into the docs which law notices what."""
    session.install(*editable(["core"]), *group("test"))
    session.run("python", "tests/conformance/report.py", "--score", *session.posargs)


@nox.session
def fault_table(session: nox.Session) -> None:
    """Have everything go wrong for every wrapper, and write into the docs what users get."""
    session.install(*editable(PACKAGES), *group("test"))
    session.run("python", "tests/faults/fault_table.py", *session.posargs)


@nox.session
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def min_versions(session: nox.Session, package: str) -> None:
    """Run the tests of one package with the oldest dependencies that it says it works with."""
    session.install("uv")
    # With the test group in the same run: the newest pytest would bring a newer pluggy.
    oldest = ("uv", "pip", "install", "--resolution=lowest-direct")
    session.run(*oldest, *editable(with_core(package)), *group("test"))
    session.run("pytest", f"{package}/tests", *session.posargs, env=FEW_EXAMPLES)


# What AgentScope's versions need besides what they say, to be importable today.
AGENTSCOPE = {
    "0.1.1": ("agentscope==0.1.1", "tqdm"),
    "0.1.6": ("agentscope==0.1.6", "tqdm", "openai<3"),
    "1.0": ("agentscope==1.0.21", "tqdm", "greenlet", "mcp<2", "openai<3"),
}


@nox.session
def agentscope(session: nox.Session) -> None:
    """Have programs of several versions of AgentScope report to Studio, each in its own environment."""
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
    session.install(*group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check", "--diff")


@nox.session
def typecheck(session: nox.Session) -> None:
    """Check the types of all packages, strictly, and those of users' programs with three checkers."""
    session.install(*editable(PACKAGES), *group("typecheck"))
    session.run("mypy", *(f"{package}/src" for package in PACKAGES))
    session.run("pytest", "tests/typing")


@nox.session
def build(session: nox.Session) -> None:
    """Build all packages, install the wheels alone in an empty environment, and use the command."""
    session.install("uv")
    with tempfile.TemporaryDirectory() as name:
        wheels = Path(name, "wheels")
        session.run("uv", "build", "--all-packages", "--out-dir", str(wheels))
        scripts = install_wheels(session, wheels, Path(name, "empty"))
        command = str(scripts / "modelstream")
        session.run(command, "--version", external=True)
        listing = str(session.run(command, "plugins", external=True, silent=True))
        session.log(listing)
        if "broken" in listing:
            session.error("a plugin is broken")
        ask(session, command, "Why is the sky blue?")


def install_wheels(session: nox.Session, wheels: Path, environment: Path) -> Path:
    """Install with what Python itself brings, as a newcomer would; the folder of the commands."""
    session.run("python", "-m", "venv", str(environment))
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    files = map(str, sorted(wheels.glob("*.whl")))
    session.run(str(scripts / "python"), "-m", "pip", "install", "--quiet", *files, external=True)
    return scripts


def ask(session: nox.Session, command: str, prompt: str) -> None:
    """Let the local model answer; that its weights can't be fetched here is no fault of the wheels."""
    session.log(f"{command} {prompt!r}")
    done = subprocess.run([command, prompt], capture_output=True, text=True, check=False, timeout=300)
    if done.returncode and "could not be fetched" in done.stderr:
        session.warn(f"not tried further: {done.stderr}")
    elif done.returncode or not done.stdout.strip():
        session.error(f"exit code {done.returncode}: {done.stdout}{done.stderr}")
    session.log(done.stdout)


@nox.session(venv_backend="venv")
def smoke(session: nox.Session) -> None:
    """Install all packages with plain pip into one environment, as a user does; every provider answers."""
    session.install(*(f"./{package}" for package in PACKAGES))
    listing = str(session.run("modelstream", "plugins", silent=True))
    session.log(listing)
    plugins = [line for line in listing.splitlines()[1:] if not line.startswith(" ")]
    if len(plugins) < len(PLUGINS) or not all(line.endswith("loaded") for line in plugins):
        session.error("not every plugin loads")
    session.run("python", "tests/smoke/every_provider.py")


@nox.session
def browser(session: nox.Session) -> None:
    """Try Studio's page in the Chromium of this machine; that there is none is a failure here."""
    session.install(*editable(["core", "sinks/studio"]), *group("test"), *group("browser"))
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
    session.install(*editable(["core", "plugins/openai"]), *group("test"))
    session.run("pytest", "-s", "tests/benchmarks/peers", *session.posargs)


@nox.session
def bench_studio(session: nox.Session) -> None:
    """Measure what Studio costs a program, its server and its page."""
    session.install(*editable(PACKAGES), *group("test"), *group("browser"))
    for script in sorted(ROOT.glob("tests/benchmarks/studio_*.py")):
        session.run("python", str(script), *session.posargs)
