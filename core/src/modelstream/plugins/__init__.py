"""Plugins: found by their entry points, loaded on first use, each alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from modelstream.wire.dialect import Dialect

T = TypeVar("T")


def register(target: T, name: str | None = None, *, exist_ok: bool = False) -> T:
    """Offer a model wrapper, a sink or a module with hooks to this program, without packaging.

    Returns `target`, so it also decorates a class. Its name is `name`, or else the class's `model_type`
    or `sink_type`; a name that is taken is a `PluginLoadError` unless `exist_ok` has it stand in.
    """
    from modelstream.plugins.registry import registry

    return registry().register(target, name, exist_ok=exist_ok)


def dialects() -> list[str]:
    """The names of the dialects that can be had, in order. Imports none of them."""
    from modelstream.plugins.registry import registry

    return registry().names("dialect")


def dialect(name: str) -> Dialect:
    """The dialect of this name, loaded. Raises a `ConfigError` that says what is missing or wrong."""
    from modelstream.plugins.registry import registry

    return registry().dialect(name)
