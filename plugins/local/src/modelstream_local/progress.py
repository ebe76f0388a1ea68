"""A progress bar for the download."""

from __future__ import annotations

import sys
from typing import Self, TextIO

WIDTH = 24
MEGABYTE = 1_000_000


class Bar:
    """One line on the terminal, which is erased at the end; nothing where there is no terminal."""

    def __init__(self, label: str, total: int, out: TextIO | None = None) -> None:
        self._label = label
        self._total = total
        self._out = sys.stderr if out is None else out
        self._shown = ""

    def show(self, done: int) -> None:
        """Draw the bar with `done` of the total, at most full: the total is an estimate."""
        part = min(done / self._total, 1.0)
        full = "#" * round(part * WIDTH)
        megabytes = f"{part * self._total / MEGABYTE:.0f}/{self._total / MEGABYTE:.0f} MB"
        self._write(f"{self._label} [{full:.<{WIDTH}}] {megabytes}")

    def __enter__(self) -> Self:
        self.show(0)
        return self

    def __exit__(self, *exc: object) -> None:
        self._write("")

    def _write(self, line: str) -> None:
        if line != self._shown and self._out is not None and self._out.isatty():
            self._out.write(f"\r\x1b[K{line}")
            self._out.flush()
            self._shown = line
