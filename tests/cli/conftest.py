"""The command as users run it: a real process, with a third-party provider installed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROVIDER = '''
import sys
from modelstream import Finish, ModelWrapper, ReasoningDelta, RateLimitError, ToolCallDelta, UsageDelta

class Stage(ModelWrapper):
    """Plays what the prompt names; `wait` holds until the process is interrupted or closed."""
    model_type = "stage_chat"

    def deltas(self, request):
        prompt = request.messages[-1]["content"]
        if prompt == "refuse":
            raise RateLimitError("too many requests", retryable=False)
        if prompt == "surprise":
            raise KeyError("choices")
        if prompt == "messages":
            yield repr(request.messages)
        elif prompt == "arguments":
            yield repr(sorted(request.arguments.items()))
        elif prompt == "for ever":
            for number in range(10**9):
                yield f"line {number}\\n"
        else:
            yield ReasoningDelta("hm")
            for word in prompt.split():
                yield word + " "
            if "wait" in prompt.split():
                import threading
                threading.Event().wait(60)
            if "cut" in prompt.split():
                return
            yield UsageDelta(3, 4)
        yield Finish("length" if prompt == "long" else "stop")
'''


@pytest.fixture(scope="session")
def third_party(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to put on PYTHONPATH that holds an installed provider, `stage_chat`."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "stage_plugin.py").write_text(PROVIDER)
    info = folder / "stage_plugin-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stage-plugin\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text("[modelstream.models]\nstage_chat = stage_plugin:Stage\n")
    return folder


@pytest.fixture
def environment(third_party: Path) -> dict[str, str]:
    """The environment of a user's shell."""
    return {**os.environ, "PYTHONPATH": str(third_party), "TERM": "xterm"}


@pytest.fixture
def command() -> list[str]:
    """The command line up to its arguments."""
    return [str(Path(sys.executable).with_name("modelstream"))]


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(command: list[str], environment: dict[str, str]) -> Run:
    """Run the command to its end with this input."""

    def run(*arguments: str, **options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *arguments],
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=30,
            check=False,
            **({"input": options["stdin"]} if "stdin" in options else {"stdin": subprocess.DEVNULL}),
        )

    return run
