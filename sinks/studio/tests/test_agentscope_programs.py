"""Unmodified programs, with the real packages of AgentScope, which are installed by `nox -s agentscope`."""

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
PATIENCE = 300.0  # seconds: they import for a long time
COUNTED = "".join(f"{number} " for number in range(20))

pytestmark = pytest.mark.timeout(2 * PATIENCE)


def interpreter(version):
    """The Python that has this version of AgentScope."""
    found = os.environ.get("MODELSTREAM_AGENTSCOPE_" + version.replace(".", "_"))
    return found or pytest.skip(f"no AgentScope {version} (run `nox -s agentscope`)")


def answer(*words):
    """What OpenAI would send."""
    chunks = [{"choices": [{"index": 0, "delta": {"role": "assistant", "content": word}}]} for word in words]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    chunks.append({"choices": [], "usage": usage})
    about = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o"}
    lines = [b"data: " + json.dumps({**about, **chunk}).encode() + b"\n\n" for chunk in chunks]
    return Answer([*lines, b"data: [DONE]\n\n"])


@pytest.fixture
def studio(tmp_path):
    pytest.importorskip("socketio", reason="needs modelstream-studio[agentscope]")
    process = StudioProcess(tmp_path, "--agentscope")
    yield process
    process.interrupt()
    assert "Traceback" not in process.told


@pytest.fixture
def model():
    with LoopbackServer() as server:
        server.play(answer("Hello", ", ", "user"))
        yield server


@contextmanager
def started(python, name, studio, model, folder):
    """Such a program; what it says goes into a file."""
    command = [python, str(PROGRAMS / name), f"http://127.0.0.1:{studio.port}", model.url]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    with Path(folder, "said").open("w") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=environment, cwd=folder)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def the_run(studio, process, folder):
    """The run of the program, as soon as it asks its user."""

    def asking():
        assert process.poll() is None, Path(folder, "said").read_text()
        runs = studio.get("/v1/runs")["runs"]
        return runs and runs[0]["questions"] and runs[0]

    until = time.monotonic() + PATIENCE
    while not (found := asking()):
        assert time.monotonic() < until, Path(folder, "said").read_text()
        time.sleep(0.1)
    return studio.run(found["id"])


def texts(studio, run):
    """The text of each message, by its agent."""
    _, document, _ = studio.ask("GET", f"/v1/runs/{run['run']['id']}/export.json")
    return [(one["name"], one["text"]) for one in document["messages"]]


def reply(studio, run, value):
    """Answer the question that is open."""
    (question,) = [one for one in run["questions"] if one["state"] == "open"]
    assert studio.post("/v1/answer", {"q": question["id"], "value": value}) == 200
    return question


def end_of(process, folder):
    """What the program said; it ends well."""
    assert process.wait(60) == 0, Path(folder, "said").read_text()
    return Path(folder, "said").read_text()


@pytest.mark.parametrize("version", ["0.1.1", "0.1.6"])
def test_a_program_of_0_1(studio, model, tmp_path, version):
    with started(interpreter(version), "agentscope_0_1.py", studio, model, tmp_path) as process:
        run = the_run(studio, process, tmp_path)
        assert (run["run"]["project"], run["run"]["name"]) == ("old", "streams")
        said = [("Counter", COUNTED), ("Counter", "all at once"), ("Model", "Hello, user")]
        assert texts(studio, run) == said
        if version != "0.1.1":  # which tells nobody what its models use
            assert (run["run"]["input_tokens"], run["run"]["output_tokens"]) == (3, 4)
        reply(studio, run, "blue")
        assert "GOT blue" in end_of(process, tmp_path)
    run = finished(studio, run)
    assert texts(studio, run) == [*said, ("User", "blue")]
    assert {message["state"] for message in run["messages"]} == {"complete"}


def test_a_program_of_1_0(studio, model, tmp_path):
    with started(interpreter("1.0"), "agentscope_1_0.py", studio, model, tmp_path) as process:
        run = the_run(studio, process, tmp_path)
        assert dict(texts(studio, run)) == {"Counter": COUNTED.rstrip(), "Model": "Hello, user"}
        reply(studio, run, "blue")
        wait_for(lambda: "GOT blue" in Path(tmp_path, "said").read_text())
        run = the_run(studio, process, tmp_path)
        question = reply(studio, run, {"dish": "soup", "number": 2})
        assert set(question["schema"]["properties"]) == {"dish", "number"}
        assert "GOT {'dish': 'soup', 'number': 2}" in end_of(process, tmp_path)
    run = finished(studio, run)
    counter = next(message for message in run["messages"] if message["name"] == "Counter")
    assert counter["reasoning"] == "hm"
    assert [json.loads(call["arguments"]) for call in counter["tool_calls"]] == [{"to": 19}]
    assert {message["state"] for message in run["messages"]} == {"complete"}


def finished(studio, run):
    """The run, when it is over."""
    return wait_for(lambda: (now := studio.run(run["run"]["id"]))["run"]["state"] == "finished" and now)
