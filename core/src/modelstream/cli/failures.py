"""Reports errors to the user: a few lines that explain how to fix them, and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

import click

from modelstream.errors import ConfigError, ModelStreamError

FAILED = 1
USAGE = 2
INTERRUPTED = 130


def run(app: click.Command, arguments: Sequence[str]) -> int:
    """Run `app` and return its exit code; reports exceptions on stderr."""
    try:
        code = app.main(list(arguments), prog_name="modelstream", standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        sys.stderr.write("\n")
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return USAGE
    except BrokenPipeError:
        # The reader of the output has closed the pipe (`| head`): not an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001
        return _report(error, debug="--debug" in arguments)
    return code if isinstance(code, int) else 0


def _report(error: Exception, *, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    else:
        sys.stderr.write(f"modelstream: {describe(error)}\n")
    return USAGE if isinstance(error, ConfigError) else FAILED


def describe(error: BaseException) -> str:
    """The message for a user; for an unexpected error also its type, and how to see its traceback."""
    text = "".join(
        char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in str(error)
    )
    if isinstance(error, ModelStreamError):
        return text
    hint = "This is a bug in modelstream or in a plugin; --debug shows the traceback."
    return f"{type(error).__name__}: {text}\n{hint}"
