"""Plugins: found by their entry points, loaded on first use, independently of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from modelstream.wire.dialect import Dialect

T = TypeVar("T")


def register(target: T, name: str | None = None, *, exist_ok: bool = False) -> T:
    """Register a model wrapper, a sink, or an object with hooks or hook wrappers, without packaging.

    Returns `target`, so it also decorates a class. Its name is `name`, or else the class's `model_type`
    or `sink_type`; a name already in use is a `PluginLoadError`, unless `exist_ok` lets this one replace it.
    """
    from modelstream.plugins.registry import registry

    return registry().register(target, name, exist_ok=exist_ok)


def dialects() -> list[str]:
    """The sorted names of the available dialects. Imports none of them."""
    from modelstream.plugins.registry import registry

    return registry().names("dialect")


def dialect(name: str) -> Dialect:
    """Load the dialect of this name. Raises a `ConfigError` that explains what is missing or wrong."""
    from modelstream.plugins.registry import registry

    return registry().dialect(name)


def unregister(target: object) -> None:
    """Undo `register` for `target`; what it replaced is available again."""
    from modelstream.plugins.registry import registry

    registry().unregister(target)
