"""Colors of names, and when to use none."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import TextIO

RESET = "\x1b[0m"
DIM = "\x1b[2m"
RED = "\x1b[31m"
_BRIGHT = 90
_HUES = 8


@lru_cache(maxsize=256)
def name_color(name: str) -> str:
    """The escape sequence of the bright color that this name has in every program."""
    number = int.from_bytes(hashlib.sha256(name.encode(errors="replace")).digest())
    return f"\x1b[{_BRIGHT + number % _HUES}m"


def is_terminal(file: TextIO) -> bool:
    """Whether the file is a terminal."""
    try:
        return file.isatty()
    except (AttributeError, ValueError):  # a stand-in without isatty, or closed
        return False


def wants_color(file: TextIO, environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Whether to use color: on a terminal, unless `NO_COLOR` is set or `TERM` is dumb.

    A Windows console supports escape sequences only if the terminal announces it, as Windows Terminal does.
    """
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb" or not is_terminal(file):
        return False
    return platform != "win32" or "WT_SESSION" in environ or "TERM" in environ
