"""The kinds of plugins, and how they differ."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from modelstream.errors import ConfigError, UnknownModelTypeError, UnknownSinkTypeError

Kind = Literal["model", "sink", "command", "dialect", "plugin"]


class Contract(msgspec.Struct, frozen=True):
    """How plugins of one kind are found and called.

    `hook` is called with the name as `type_field` and the user's settings as `settings`; it returns an
    instance of `product`. A plugin of a kind without a hook is the product itself.
    """

    group: str
    hook: str
    type_field: str
    settings: str
    product: str
    unknown: type[ConfigError]


CONTRACTS: dict[Kind, Contract] = {
    "model": Contract(
        group="modelstream.models",
        hook="modelstream_model_wrapper",
        type_field="model_type",
        settings="config",
        product="ModelWrapper",
        unknown=UnknownModelTypeError,
    ),
    "sink": Contract(
        group="modelstream.sinks",
        hook="modelstream_stream_sink",
        type_field="sink_type",
        settings="options",
        product="StreamSink",
        unknown=UnknownSinkTypeError,
    ),
    "command": Contract(
        group="modelstream.commands",
        hook="",
        type_field="command",
        settings="",
        product="click command",
        unknown=ConfigError,
    ),
    "dialect": Contract(
        group="modelstream.dialects",
        hook="",
        type_field="dialect",
        settings="",
        product="Dialect class",
        unknown=ConfigError,
    ),
    # Hook wrappers around the models and sinks of other plugins: see `plugins/around.py`.
    "plugin": Contract(
        group="modelstream.plugins",
        hook="",
        type_field="plugin",
        settings="",
        product="hook wrapper",
        unknown=ConfigError,
    ),
}


def product_class(kind: Kind) -> type[Any]:
    """The type that a plugin of this kind creates, or is. Imported late: listing plugins needs none."""
    if kind == "command":
        import click

        return click.Command
    if kind == "dialect":
        from modelstream.wire.dialect import Dialect

        return Dialect
    if kind == "model":
        from modelstream.wrapper import ModelWrapper

        return ModelWrapper
    from modelstream.sinks.base import StreamSink

    return StreamSink


def is_product(kind: Kind, target: object) -> bool:
    """Whether `target` is valid for a kind without a hook: a command, or a Dialect class."""
    wanted = product_class(kind)
    if kind == "dialect":
        return isinstance(target, type) and issubclass(target, wanted)
    return isinstance(target, wanted)
