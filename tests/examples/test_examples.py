"""Each program of `examples/` runs as its page says, without a network, and shows what it promises."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

needs_terminal = pytest.mark.skipif(
    find_spec("modelstream_terminal") is None, reason="the program shows its answer with modelstream-terminal"
)


def run(name, *arguments, folder):
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False, timeout=50
    )


def test_the_page_lists_every_program():
    page = (EXAMPLES / "README.md").read_text("utf-8")
    assert set(re.findall(r"\]\((\w+\.py)\)", page)) == {path.name for path in EXAMPLES.glob("*.py")}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_a_program_says_how_to_run_it(path):
    assert f"python examples/{path.name}" in path.read_text("utf-8").split('"""')[1]


@pytest.fixture
def scripted_configs(tmp_path):
    """A program that runs the example with models that answer from a script, one of them not to the end."""
    answers = {
        "whole": ["Because of ", "the air.", {"usage": {"output_tokens": 5}}],
        "cut": ["Because ", {"error": "ConnectionLostError", "message": "the line is cut"}],
    }
    configs = [
        {"config_name": name, "model_type": "scripted_chat", "answers": [steps]}
        for name, steps in answers.items()
    ]
    (tmp_path / "models.json").write_text(json.dumps(configs), "utf-8")
    program = tmp_path / "scripted_terminal.py"
    program.write_text(
        "import runpy, sys\nimport modelstream.testing.scripted_chat\nsys.argv.pop(0)\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n",
        "utf-8",
    )
    return program


@needs_terminal
def test_stream_to_terminal_shows_a_whole_answer(scripted_configs, tmp_path):
    program = EXAMPLES / "stream_to_terminal.py"
    done = run(scripted_configs, program, "--configs", "models.json", "--model", "whole", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Because of the air." in done.stdout
    assert "(5 tokens, finish reason: stop)" in done.stderr


@needs_terminal
def test_stream_to_terminal_reports_a_cut(scripted_configs, tmp_path):
    program = EXAMPLES / "stream_to_terminal.py"
    done = run(scripted_configs, program, "--configs", "models.json", "--model", "cut", folder=tmp_path)
    assert done.returncode == 1
    assert "Because " in done.stdout
    assert "cut after 8 characters" in done.stderr


@needs_terminal
def test_two_agents_talk_and_both_sinks_see_it(tmp_path):
    done = run("two_agents.py", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines[:4]] == ["Writer", "Critic", "Writer", "Critic"]
    counts = {
        name: sum(len(line) - len(f"{name}: ") for line in lines[:4] if line.startswith(name))
        for name in ("Writer", "Critic")
    }
    assert lines[4] == str(counts)


def test_tool_loop_calls_both_functions_and_ends(tmp_path):
    done = run("tool_loop.py", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert '  weather({"town": "Paris"}) = 18 °C, cloudy' in done.stdout
    assert '  weather({"town": "Oslo"}) = 9 °C, rain' in done.stdout
    assert done.stdout.splitlines()[-1] == "Paris has 18 °C, and Oslo 9 °C and rain."


@pytest.fixture
def fan_out(tmp_path):
    """The port of a running fan_out.py whose answer is not yet at its end."""
    code = (
        "import asyncio, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "import fan_out; asyncio.run(fan_out.main(port=0, log=Path('answer.jsonl'), pause=0.15))"
    )
    command = [sys.executable, "-c", code, str(EXAMPLES)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(process.stdout.readline().strip().rstrip("/").rpartition(":")[2])
        finally:
            process.kill()


def connect(port):
    client = socket.create_connection(("127.0.0.1", port), timeout=20)
    client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return client


def body(client):
    with client, client.makefile("rb") as file:
        head, _, events = file.read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    return [json.loads(event.removeprefix("data: ")) for event in events.decode().split("\n\n") if event]


def test_fan_out_gives_every_reader_the_whole_answer(fan_out, tmp_path):
    early, leaves = connect(fan_out), connect(fan_out)
    assert leaves.recv(1)
    leaves.close()
    time.sleep(0.4)  # so that the next one comes in the middle
    middle = connect(fan_out)
    first = body(early)
    late = connect(fan_out)
    assert "".join(event["delta"] for event in first).startswith("One call feeds any number of readers, ")
    assert [event["last"] for event in first] == [False] * (len(first) - 1) + [True]
    assert body(middle) == first
    assert body(late) == first
    log = [json.loads(line) for line in (tmp_path / "answer.jsonl").read_text("utf-8").splitlines()]
    assert [(line["delta"], line["last"]) for line in log] == [
        (line["delta"], line["last"]) for line in first
    ]
