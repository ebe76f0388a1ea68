"""`modelstream "prompt"`: one answer."""

from __future__ import annotations

import os
import select
import stat
import sys
from typing import TYPE_CHECKING

import click

from modelstream.cli.answer import show_answer

if TYPE_CHECKING:
    from modelstream.cli.choice import Choice

PATIENCE = 2.0
"""Seconds without standard input before a notice says that the command is waiting for it."""


def ask(choice: Choice, prompt: str, *, stream: bool, as_json: bool) -> int:
    """Answer `prompt` and the text of standard input; returns the exit code."""
    prompt = "\n\n".join(part for part in (prompt, _standard_input()) if part)
    if not prompt:
        raise click.UsageError(
            'no prompt: pass one, as in modelstream "Why is the sky blue?", or pipe a text into it'
        )
    model = choice.load()
    messages = [*choice.opening(), {"role": "user", "content": prompt}]
    response = model(messages, stream=stream, **choice.arguments())
    show_answer(response, as_json=as_json, reasoning=choice.reasoning)
    return 0


def _standard_input() -> str:
    """The text piped or redirected into the command; empty for a terminal and without standard input."""
    try:
        kind = os.fstat(0).st_mode
    except OSError:
        return ""
    if not (stat.S_ISFIFO(kind) or stat.S_ISREG(kind) or stat.S_ISSOCK(kind)):
        return ""
    if not select.select([0], [], [], PATIENCE)[0]:
        # A parent process that keeps its end of the pipe open would block the command silently.
        sys.stderr.write("modelstream: reading standard input (Ctrl-D ends it; </dev/null for none)\n")
    return sys.stdin.read().strip()
