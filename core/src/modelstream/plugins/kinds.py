"""The kinds of plugins, and what is different about them."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from modelstream.errors import ConfigError, UnknownModelTypeError, UnknownSinkTypeError

Kind = Literal["model", "sink", "command", "dialect"]


class Contract(msgspec.Struct, frozen=True):
    """How plugins of one kind are found and asked.

    `hook` is called with the name as `type_field` and the user's settings as `settings`; it makes an
    instance of `product`. A kind without a hook is its own product.
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
}


def product_class(kind: Kind) -> type[Any]:
    """What a plugin of this kind has to make, or be. Imported late: listing plugins needs none of them."""
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
    """Whether `target` is what a plugin of a kind without a hook must be: a command or a Dialect class."""
    wanted = product_class(kind)
    if kind == "dialect":
        return isinstance(target, type) and issubclass(target, wanted)
    return isinstance(target, wanted)
