"""The commands: our own, and those that plugins bring (entry-point group `modelstream.commands`)."""

from __future__ import annotations

from typing import Any, NoReturn

import click

from modelstream.errors import ConfigError


class Commands(click.Group):
    """A group whose first argument, if it is no command, is a prompt: `modelstream "Why?"`.

    A plugin's command is imported when it is called or listed; one that is broken or missing says so when it
    is called, and harms no other.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `ask` before a prompt."""
        first = args[0] if args else ""
        if first not in ("--help", "-h", "--version") and not self._is_command(first, args[1:]):
            args = ["ask", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in order. Imports no plugin."""
        from modelstream.plugins.registry import registry

        return sorted({*super().list_commands(ctx), *registry().names("command")})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Our own command of this name, or else the plugin's."""
        return super().get_command(ctx, cmd_name) or _of_plugin(cmd_name)

    def _is_command(self, first: str, further: list[str]) -> bool:
        if first in self.commands:
            return True
        from modelstream.plugins.known import KNOWN
        from modelstream.plugins.registry import registry

        if registry().offers("command", first):
            return True
        # One that is not installed: if it is called as a command is, and not the first word of a prompt.
        return first in KNOWN["command"] and (not further or further[0].startswith("-"))


def _of_plugin(name: str) -> click.Command:
    from modelstream.plugins.registry import registry

    try:
        return registry().command(name)
    except ConfigError as error:
        return _Unusable(name, error)


class _Unusable(click.Command):
    """Stands for a command that can't be had, so that the others can be listed."""

    def __init__(self, name: str, error: ConfigError) -> None:
        super().__init__(name, short_help="(does not load: see `modelstream plugins`)")
        self._error = error

    def make_context(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise self._error
