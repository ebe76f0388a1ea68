"""Unmodified programs with the real packages of AgentScope, which `nox -s agentscope` installs."""

from __future__ import annotations

import json
import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from served import StudioProcess, wait_for

from modelstream.testing.server import Answer, LoopbackServer

PROGRAMS = Path(__file__).with_name("programs")
TIMEOUT = 300.0  # seconds, since the imports take long
NUMBERS = "".join(f"{number} " for number in range(20))

pytestmark = pytest.mark.timeout(2 * TIMEOUT)


def interpreter(version):
    """The Python in which this version of AgentScope is installed."""
    path = os.environ.get("MODELSTREAM_AGENTSCOPE_" + version.replace(".", "_"))
    return path or pytest.skip(f"no AgentScope {version} (run `nox -s agentscope`)")


def answer(*words):
    """An answer in OpenAI's format."""
    chunks = [{"choices": [{"index": 0, "delta": {"role": "assistant", "content": word}}]} for word in words]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    chunks.append({"choices": [], "usage": usage})
    head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o"}
    lines = [b"data: " + json.dumps({**head, **chunk}).encode() + b"\n\n" for chunk in chunks]
    return Answer([*lines, b"data: [DONE]\n\n"])


@pytest.fixture
def studio(tmp_path):
    pytest.importorskip("socketio", reason="needs modelstream-studio[agentscope]")
    process = StudioProcess(tmp_path, "--agentscope")
    yield process
    process.interrupt()
    assert "Traceback" not in process.output


@pytest.fixture
def model():
    with LoopbackServer() as server:
        server.play(answer("Hello", ", ", "user"))
        yield server


@contextmanager
def start(python, name, studio, model, folder):
    """Runs a program; its output goes to the file `output.txt`."""
    command = [python, str(PROGRAMS / name), f"http://127.0.0.1:{studio.port}", model.url]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    with Path(folder, "output.txt").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def run_with_question(studio, process, folder):
    """Waits until the program asks its user, and returns its run."""

    def find_run():
        assert process.poll() is None, Path(folder, "output.txt").read_text()
        runs = studio.get("/v1/runs")["runs"]
        return runs and runs[0]["questions"] and runs[0]

    deadline = time.monotonic() + TIMEOUT
    while not (run := find_run()):
        assert time.monotonic() < deadline, Path(folder, "output.txt").read_text()
        time.sleep(0.1)
    return studio.run(run["id"])


def texts(studio, run):
    """The agent and the text of each message."""
    _, document, _ = studio.request("GET", f"/v1/runs/{run['run']['id']}/export.json")
    return [(item["name"], item["text"]) for item in document["messages"]]


def reply(studio, run, value):
    """Answers the open question."""
    (question,) = [item for item in run["questions"] if item["state"] == "open"]
    assert studio.post("/v1/answer", {"q": question["id"], "value": value}) == 200
    return question


def output_of(process, folder):
    """The output of the program, which must succeed."""
    assert process.wait(60) == 0, Path(folder, "output.txt").read_text()
    return Path(folder, "output.txt").read_text()


@pytest.mark.parametrize("version", ["0.1.1", "0.1.6"])
def test_a_program_of_0_1(studio, model, tmp_path, version):
    with start(interpreter(version), "agentscope_0_1.py", studio, model, tmp_path) as process:
        run = run_with_question(studio, process, tmp_path)
        assert (run["run"]["project"], run["run"]["name"]) == ("old", "streams")
        expected = [("Counter", NUMBERS), ("Counter", "all at once"), ("Model", "Hello, user")]
        assert texts(studio, run) == expected
        if version != "0.1.1":  # which does not report usage
            assert (run["run"]["input_tokens"], run["run"]["output_tokens"]) == (3, 4)
        reply(studio, run, "blue")
        assert "GOT blue" in output_of(process, tmp_path)
    run = finished(studio, run)
    assert texts(studio, run) == [*expected, ("User", "blue")]
    assert {message["state"] for message in run["messages"]} == {"complete"}


def test_a_program_of_1_0(studio, model, tmp_path):
    with start(interpreter("1.0"), "agentscope_1_0.py", studio, model, tmp_path) as process:
        run = run_with_question(studio, process, tmp_path)
        assert dict(texts(studio, run)) == {"Counter": NUMBERS.rstrip(), "Model": "Hello, user"}
        reply(studio, run, "blue")
        wait_for(lambda: "GOT blue" in Path(tmp_path, "output.txt").read_text())
        run = run_with_question(studio, process, tmp_path)
        question = reply(studio, run, {"dish": "soup", "number": 2})
        assert set(question["schema"]["properties"]) == {"dish", "number"}
        assert "GOT {'dish': 'soup', 'number': 2}" in output_of(process, tmp_path)
    run = finished(studio, run)
    counter = next(message for message in run["messages"] if message["name"] == "Counter")
    assert counter["reasoning"] == "hm"
    assert [json.loads(call["arguments"]) for call in counter["tool_calls"]] == [{"to": 19}]
    assert {message["state"] for message in run["messages"]} == {"complete"}


def finished(studio, run):
    """Waits until the run has finished, and returns it."""
    return wait_for(
        lambda: (current := studio.run(run["run"]["id"]))["run"]["state"] == "finished" and current
    )
