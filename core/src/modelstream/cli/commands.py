"""The commands: built-in ones, and those of plugins (entry-point group `modelstream.commands`)."""

from __future__ import annotations

from typing import Any, NoReturn

import click

from modelstream.errors import ConfigError


class Commands(click.Group):
    """A group whose first argument, if it is not a command, is a prompt: `modelstream "Why?"`.

    A plugin's command is imported when it is called or listed; a broken or missing one reports that when it
    is called, and does not affect the others.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Insert `ask` before a prompt."""
        first = args[0] if args else ""
        if first not in ("--help", "-h", "--version") and not self._is_command(first, args[1:]):
            args = ["ask", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, sorted. Imports no plugin."""
        from modelstream.plugins.registry import registry

        return sorted({*super().list_commands(ctx), *registry().names("command")})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The built-in command of this name, or else the plugin's."""
        return super().get_command(ctx, cmd_name) or _of_plugin(cmd_name)

    def _is_command(self, first: str, rest: list[str]) -> bool:
        if first in self.commands:
            return True
        from modelstream.plugins.known import KNOWN
        from modelstream.plugins.registry import registry

        if registry().offers("command", first):
            return True
        # A known command that is not installed, unless it is the first word of a longer prompt.
        return first in KNOWN["command"] and (not rest or rest[0].startswith("-"))


def _of_plugin(name: str) -> click.Command:
    from modelstream.plugins.registry import registry

    try:
        return registry().command(name)
    except ConfigError as error:
        return _Unusable(name, error)


class _Unusable(click.Command):
    """A placeholder for a command that can't be loaded, so that the others can be listed."""

    def __init__(self, name: str, error: ConfigError) -> None:
        super().__init__(name, short_help="(does not load: see `modelstream plugins`)")
        self._error = error

    def make_context(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise self._error
