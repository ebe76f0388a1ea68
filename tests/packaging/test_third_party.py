"""A third party's provider and sink: built outside the repository, installed by pip, found and used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Four builds and an installation, each with an environment of its own.
pytestmark = pytest.mark.timeout(300)

PYPROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "3.2.1"
dependencies = ["modelstream>=0.1,<0.2"]

[project.entry-points."modelstream.{kind}"]
{entry} = "{module}:{value}"
"""

PROVIDER = """\
from modelstream import Finish, ModelWrapper


class EchoChat(ModelWrapper):
    model_type = "strange_echo"

    def deltas(self, request):
        for word in request.messages[-1]["content"].split():
            yield word + " "
        yield Finish("stop")
"""

SINK = """\
from modelstream import StreamSink


class Upper(StreamSink):
    sink_type = "strange_upper"

    def write(self, message, snapshot):
        print(snapshot.delta.upper(), end="", flush=True)
"""

PROGRAM = """\
import modelstream

modelstream.init(model_configs={"config_name": "echo", "model_type": "strange_echo"}, sinks=["strange_upper"])
response = modelstream.load_model("echo")("one two three", stream=True)
modelstream.AgentBase("Echo").speak(response)
print(f"|{response.text}|")
"""


def _project(folder: Path, *, module: str, kind: str, entry: str, value: str, code: str) -> Path:
    package = folder / "src" / module
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(code)
    (folder / "pyproject.toml").write_text(
        PYPROJECT.format(name=module.replace("_", "-"), kind=kind, entry=entry, module=module, value=value)
    )
    return folder


@pytest.fixture(scope="module")
def scripts(root, tmp_path_factory) -> Path:
    """The commands of a fresh environment that has the core, the terminal and both third-party packages."""
    folder = tmp_path_factory.mktemp("third_party")
    provider = _project(
        folder / "provider",
        module="strange_provider",
        kind="models",
        entry="strange_echo",
        value="EchoChat",
        code=PROVIDER,
    )
    sink = _project(
        folder / "sink",
        module="strange_sink",
        kind="sinks",
        entry="strange_upper",
        value="Upper",
        code=SINK,
    )
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    found = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    pip = [found / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, root / "core", root / "sinks" / "terminal", provider, sink], check=True)
    return found


def _run(*command: str | Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_third_party_plugins_are_listed(scripts):
    lines = _run(scripts / "modelstream", "plugins").splitlines()
    for name, distribution in (("strange_echo", "strange-provider"), ("strange_upper", "strange-sink")):
        line = next((line for line in lines if name in line.split()), None)
        assert line is not None, lines
        assert distribution in line
        assert "3.2.1" in line


def test_the_third_party_provider_answers(scripts):
    assert _run(scripts / "modelstream", "--model", "strange_echo", "to and fro").strip() == "to and fro"


def test_the_third_party_sink_shows(scripts):
    assert "ONE TWO THREE" in _run(scripts / "python", "-c", PROGRAM)
