"""`modelstream "prompt"`, from outside."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("modelstream_terminal", reason="the command shows answers through the terminal sink")

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_an_answer_goes_to_stdout_and_nothing_else(run: Run) -> None:
    done = run("-m", "stage_chat", "one two")
    assert (done.returncode, done.stdout, done.stderr) == (0, "one two \n", "")


def test_the_words_need_no_quotes(run: Run) -> None:
    assert run("-m", "stage_chat", "one", "two").stdout == "one two \n"


def test_reasoning_is_shown_only_on_request(run: Run) -> None:
    assert "hm" not in run("-m", "stage_chat", "x").stdout
    assert "hm" in run("-m", "stage_chat", "--reasoning", "x").stdout


def test_a_pipe_is_the_prompt(run: Run) -> None:
    assert run("-m", "stage_chat", stdin="from a pipe\n").stdout == "from a pipe \n"


def test_a_pipe_follows_the_prompt(run: Run) -> None:
    done = run("-m", "stage_chat", "--json", "Sum up:", stdin="long text")
    assert json.loads(done.stdout.splitlines()[-1])["text"] == "Sum up: long text "


def test_no_prompt_is_a_usage_error(run: Run) -> None:
    done = run("-m", "stage_chat")
    assert done.returncode == 2
    assert "no prompt: pass one" in done.stderr


def test_json_lines(run: Run) -> None:
    done = run("-m", "stage_chat", "--json", "one two")
    *deltas, whole = map(json.loads, done.stdout.splitlines())
    assert [line["delta"] for line in deltas] == ["one ", "two "]
    assert not any(line["last"] for line in deltas)
    assert whole["last"] is True
    assert whole["text"] == "one two "
    assert whole["reasoning"] == "hm"
    assert whole["finish_reason"] == "stop"
    assert whole["usage"]["output_tokens"] == 4


def test_json_of_a_failure_has_the_partial_text(run: Run) -> None:
    done = run("-m", "stage_chat", "--json", "one cut")
    whole = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 1
    assert whole["last"] is False
    assert whole["text"] == "one cut "
    assert whole["error"]["type"] == "TruncatedStreamError"


def test_no_stream(run: Run) -> None:
    assert run("-m", "stage_chat", "--no-stream", "one two").stdout == "one two \n"
    assert len(run("-m", "stage_chat", "--no-stream", "--json", "one two").stdout.splitlines()) == 1


def test_a_system_prompt_and_options_reach_the_provider(run: Run) -> None:
    assert (
        "{'role': 'system', 'content': 'Be brief.'}"
        in run("-m", "stage_chat", "-s", "Be brief.", "messages").stdout
    )
    done = run("-m", "stage_chat", "-o", "temperature=0.5", "-o", "stop=end", "arguments")
    assert done.stdout == "[('stop', 'end'), ('temperature', 0.5)]\n"


def test_a_config_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "models.json"
    file.write_text(
        json.dumps([{"config_name": "mine", "model_type": "stage_chat", "generate_args": {"a": 1}}])
    )
    assert run("-c", str(file), "arguments").stdout == "[('a', 1)]\n"
    assert run("-c", str(file), "-m", "mine", "arguments").stdout == "[('a', 1)]\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["-m", "stage_chat", "refuse"], 1, "stage_chat: too many requests"),
        (["-m", "stage_chat", "one cut"], 1, "before the provider reported that it is complete"),
        (["-m", "stage_chat", "surprise"], 1, "KeyError"),
        (["-m", "stage_chta", "x"], 2, "stage_chat"),
        (["-m", "stage_chat", "-o", "temperature", "x"], 2, "KEY=VALUE"),
        (["-c", "nowhere.json", "x"], 2, "nowhere.json"),
        (["--nonsense", "x"], 2, "--nonsense"),
    ],
)
def test_errors_are_a_few_lines_and_a_code(run: Run, arguments: list[str], code: int, message: str) -> None:
    done = run(*arguments)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 4


def test_the_partial_text_is_shown_before_an_error(run: Run) -> None:
    assert run("-m", "stage_chat", "one cut").stdout == "one cut \n"


def test_debug_shows_the_traceback(run: Run) -> None:
    done = run("-m", "stage_chat", "--debug", "surprise")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "stage_plugin.py" in done.stderr


def test_a_reason_other_than_stop_is_reported(run: Run) -> None:
    done = run("-m", "stage_chat", "long")
    assert done.returncode == 0
    assert "length" in done.stderr


def test_a_pipe_that_is_closed_early(command: list[str], environment: dict[str, str]) -> None:
    line = f"set -o pipefail; {command[0]} -m stage_chat 'for ever' | head -n 1"
    done = subprocess.run(
        ["bash", "-c", line], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "line 0\n", "")


def test_plugins_lists_a_broken_one_with_its_reason(
    command: list[str], environment: dict[str, str], third_party: Path, tmp_path: Path
) -> None:
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[modelstream.models]\nbroken_chat = no_such_module:Chat\n")
    listing = subprocess.run(
        [*command, "plugins"],
        env={**environment, "PYTHONPATH": os.pathsep.join([str(third_party), str(tmp_path)])},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    ).stdout
    assert "stage_chat" in listing
    assert "broken" in listing
    assert "no_such_module" in listing
