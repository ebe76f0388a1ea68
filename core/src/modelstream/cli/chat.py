"""`modelstream chat`: a conversation."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from modelstream.cli.answer import show_answer
from modelstream.cli.failures import describe
from modelstream.errors import StreamError

if TYPE_CHECKING:
    from modelstream.cli.choice import Choice
    from modelstream.wrapper import ModelWrapper


def chat(choice: Choice) -> int:
    """Answer each line until the input ends or Ctrl-C is pressed at the prompt; returns the exit code."""
    model = choice.load()
    arguments = choice.arguments()
    messages = choice.opening()
    _use_line_editing()
    if sys.stdin.isatty():
        sys.stderr.write(
            f"{model.config.model_name or model.config.model_type}: Ctrl-C stops an answer, or leaves.\n"
        )
    while True:
        line = _read_line()
        if line is None:
            return 0
        if not line.strip():
            continue
        messages.append({"role": "user", "content": line})
        _answer(choice, model, messages, arguments)


def _answer(
    choice: Choice, model: ModelWrapper, messages: list[dict[str, Any]], arguments: dict[str, Any]
) -> None:
    """Answer the last message and keep the answer, or the part before Ctrl-C or an error."""
    response = None
    try:
        response = model(messages, stream=True, **arguments)
        show_answer(response, as_json=False, reasoning=choice.reasoning)
    except KeyboardInterrupt:
        sys.stderr.write("\n[stopped]\n")
    except StreamError as error:
        sys.stderr.write(f"modelstream: {describe(error)}\n")
    text = "" if response is None else response.partial_text
    if text:
        messages.append({"role": "assistant", "content": text})
    else:
        messages.pop()  # an unanswered question would be answered along with the next one


def _read_line() -> str | None:
    try:
        return input("> " if sys.stdin.isatty() else "")
    except (EOFError, KeyboardInterrupt):
        if sys.stdin.isatty():
            sys.stderr.write("\n")
        return None


def _use_line_editing() -> None:
    with suppress(ImportError):  # not available on every platform
        import readline  # noqa: F401
