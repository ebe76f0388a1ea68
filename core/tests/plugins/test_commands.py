"""Commands that plugins add to `modelstream`."""

from __future__ import annotations

import sys

import pytest

from modelstream.cli.app import app
from modelstream.cli.failures import run
from modelstream.plugins import registry as module

HELLO = """
    import click

    @click.command()
    @click.option("--loud", is_flag=True)
    def hello(loud):
        "Greet."
        click.echo("HELLO" if loud else "hello")
        return 3
"""


@pytest.fixture
def modelstream(registry, monkeypatch, capsys):
    """Runs the command line: its exit code, standard output and standard error."""
    monkeypatch.setattr(module, "_shared", registry)

    def call(*arguments):
        code = run(app, arguments)
        return code, *capsys.readouterr()

    return call


def test_a_command_is_called_with_its_options_and_its_exit_code_counts(site, modelstream):
    site.plugin("hello", HELLO, commands={"hello": "hello:hello"})

    assert modelstream("hello", "--loud") == (3, "HELLO\n", "")
    assert "Greet." in modelstream("hello", "--help")[1]


def test_it_is_listed_with_our_own_and_not_imported_before(site, modelstream):
    site.plugin("hello", HELLO, commands={"hello": "hello:hello"})

    modelstream("--version")
    assert "hello" not in sys.modules
    code, listing, _ = modelstream("--help")

    assert code == 0
    assert "Greet." in listing
    assert "List the installed plugins" in listing


@pytest.mark.parametrize(
    ("source", "why"),
    [("1 / 0", "ZeroDivisionError"), ("hello = 3", "hello:hello is a int, not a click command")],
)
def test_a_broken_one_is_reported_and_does_not_affect_others(site, modelstream, source, why):
    site.plugin("hello", source, commands={"hello": "hello:hello"})

    code, _, errors = modelstream("hello", "--loud")
    assert code == 2
    assert "modelstream-hello" in errors
    assert why in errors
    assert "(does not load" in modelstream("--help")[1]
    assert why in modelstream("plugins")[1]


def test_it_is_among_the_plugins(site, modelstream):
    site.plugin("hello", HELLO, commands={"hello": "hello:hello"})

    assert modelstream("plugins")[1].splitlines()[1].split() == [
        "command",
        "hello",
        "modelstream-hello",
        "1.0",
        "loaded",
    ]


def test_built_in_commands_cannot_be_replaced(site, modelstream):
    site.plugin("hello", HELLO, commands={"plugins": "hello:hello"})

    assert modelstream("plugins")[1].startswith("KIND")


@pytest.mark.parametrize("name", ["studio", "demo"])
def test_a_known_command_that_is_not_installed_is_reported_with_its_pip_install(site, modelstream, name):
    for call in ([name], [name, "--port", "1"]):
        code, _, errors = modelstream(*call)
        assert code == 2
        assert "`pip install modelstream-studio` provides it." in errors


def test_a_prompt_may_begin_with_its_name(site, modelstream):
    _, _, errors = modelstream("studio", "apartments", "are", "small", "--model", "unknown_chat")

    assert "unknown_chat" in errors


def test_a_blocked_one_is_reported_with_how_to_enable_it(site, modelstream, monkeypatch):
    site.plugin("hello", HELLO, commands={"hello": "hello:hello"})
    monkeypatch.setenv("MODELSTREAM_BLOCK", "hello")

    code, _, errors = modelstream("hello")
    assert code == 2
    assert "MODELSTREAM_BLOCK" in errors
