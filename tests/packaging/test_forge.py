"""Workflows, templates and hooks: they parse, and what they call exists."""

from __future__ import annotations

import re

import pytest

yaml = pytest.importorskip("yaml")

NOX = re.compile(r"\bnox -s ([^\n&|;]+)")


def load(path):
    return yaml.safe_load(path.read_text("utf-8"))


@pytest.fixture(scope="session")
def workflows(root):
    return {path.name: load(path) for path in sorted((root / ".github/workflows").glob("*.yml"))}


@pytest.fixture(scope="session")
def sessions(root):
    """The nox sessions that the noxfile defines: decorated functions."""
    text = (root / "noxfile.py").read_text("utf-8")
    return set(re.findall(r"^@nox\.session.*?^def (\w+)", text, re.DOTALL | re.MULTILINE))


def called_sessions(workflow):
    """Every session that a workflow runs, with the matrix filled in."""
    for job in workflow["jobs"].values():
        matrix = job.get("strategy", {}).get("matrix", {})
        for step in job["steps"]:
            for words in NOX.findall(step.get("run", "")):
                names = matrix["session"] if "matrix.session" in words else words.split()
                yield from names


def test_workflows_call_sessions_that_exist(workflows, sessions):
    called = {name: set(called_sessions(workflow)) for name, workflow in workflows.items()}
    assert set(called) == {"checks.yml", "weekly.yml"}
    assert called["checks.yml"] >= {"tests", "lint", "typecheck", "build", "browser"}
    assert called["weekly.yml"] >= {"newest", "min_versions", "extras", "alone"}
    assert set().union(*called.values()) <= sessions


def test_the_matrix_has_every_python_and_system_of_the_classifiers(workflows, packages):
    matrix = workflows["checks.yml"]["jobs"]["tests"]["strategy"]["matrix"]
    lines = packages[0].project["classifiers"]
    assert matrix["python"] == [line.rpartition(" ")[2] for line in lines if ":: Python :: 3." in line]
    assert matrix["system"] == ["ubuntu-latest", "macos-latest", "windows-latest"]


def test_workflows_may_only_read(workflows):
    allowed = [workflow["permissions"] for workflow in workflows.values()]
    assert allowed == [{"contents": "read"}] * len(workflows)


def test_jobs_have_a_time_limit(workflows):
    jobs = {(name, key): job for name, workflow in workflows.items() for key, job in workflow["jobs"].items()}
    assert [key for key, job in jobs.items() if "timeout-minutes" not in job] == []


def test_the_contributing_page_and_ci_name_sessions_that_exist(root, sessions):
    for name in ("CONTRIBUTING.md", "README.md", ".github/PULL_REQUEST_TEMPLATE.md"):
        text = (root / name).read_text("utf-8")
        named = {word for run in re.findall(r"nox -s ([\w ]+)", text) for word in run.split()[:1]}
        assert named <= sessions, name


@pytest.mark.parametrize("name", ["bug", "provider"])
def test_issue_forms_have_what_the_forge_requires(root, name):
    form = load(root / f".github/ISSUE_TEMPLATE/{name}.yml")
    assert {"name", "description", "body"} <= set(form)
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert fields
    assert len({field["id"] for field in fields}) == len(fields)
    assert all(field["attributes"]["label"] for field in fields)


def test_hooks_run_the_linter_that_the_repository_runs(root, packages):
    config = load(root / ".pre-commit-config.yaml")
    hooks = {hook["id"]: hook for repository in config["repos"] for hook in repository["hooks"]}
    assert {"ruff-check", "ruff-format", "end-of-file-fixer", "trailing-whitespace"} <= set(hooks)
    (ruff,) = re.findall(r'^lint = \["(.+)"\]$', (root / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert hooks["ruff-check"]["additional_dependencies"] == [ruff]
    assert hooks["ruff-format"]["additional_dependencies"] == [ruff]


def test_the_constraints_name_one_version_and_no_machine(root):
    lines = (root / "tests/constraints.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert [line for line in pins if not re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; .+)?", line)] == []
    assert [line for line in lines if re.search("://|file:|-e |@ ", line)] == []
    assert len(pins) > 50
