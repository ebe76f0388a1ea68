"""The commands and their options. Each command's work is in the module of its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

import modelstream
from modelstream.cli.commands import Commands

F = TypeVar("F", bound=Callable[..., Any])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(modelstream.__version__, message="modelstream %(version)s")
def app() -> None:
    """Stream a language model's answer, for example: modelstream "Why is the sky blue?".

    With no command, the words are a prompt for `ask`; `modelstream ask --help` lists its options.
    Exit codes: 0 complete, 1 failed or cut short, 2 wrong usage or config, 130 interrupted.
    """


def _model_options(command: F) -> F:
    """The options that choose and tune a model."""
    for option in reversed(
        [
            click.option(
                "-m",
                "--model",
                help="A config's name or a model_type. Default: the only config, else local_chat.",
            ),
            click.option(
                "-c",
                "--config",
                "config_files",
                multiple=True,
                type=click.Path(path_type=Path),
                help="A .json or .toml file of model configs. Also: MODELSTREAM_CONFIG.",
            ),
            click.option("-s", "--system", help="The system prompt."),
            click.option(
                "-o",
                "--option",
                "options",
                multiple=True,
                metavar="KEY=VALUE",
                help="A call argument for the provider, such as temperature=0.2. The value is JSON or text.",
            ),
            click.option("--reasoning", is_flag=True, help="Also show the model's reasoning."),
            click.option("--debug", is_flag=True, help="Show tracebacks."),
        ]
    ):
        command = option(command)
    return command


@app.command()
@click.argument("words", nargs=-1, metavar="[PROMPT]...")
@_model_options
@click.option("--no-stream", is_flag=True, help="Show the answer when it is complete.")
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line: each delta, then the whole answer."
)
def ask(words: tuple[str, ...], *, no_stream: bool, as_json: bool, **choices: Any) -> int:
    """Answer one prompt, from the arguments, standard input, or both."""
    from modelstream.cli.ask import ask
    from modelstream.cli.choice import Choice

    return ask(Choice(**choices), " ".join(words), stream=not no_stream, as_json=as_json)


@app.command()
@_model_options
def chat(**choices: Any) -> int:
    """Talk to a model. Ctrl-C stops an answer and keeps the text so far; at the prompt it exits."""
    from modelstream.cli.chat import chat
    from modelstream.cli.choice import Choice

    return chat(Choice(**choices))


@app.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def plugins(*, as_json: bool, debug: bool) -> int:  # noqa: ARG001
    """List the installed plugins, and why a broken one is broken."""
    from modelstream.cli.plugins import list_plugins

    return list_plugins(as_json=as_json)
