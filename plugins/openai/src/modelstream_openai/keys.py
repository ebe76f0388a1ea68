"""Keys that a function makes for each call."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from modelstream.errors import ConfigError

Key = str | Callable[[], str | Awaitable[str]]


def made(key: Key) -> str:
    """The key for a call that blocks. Raises `ConfigError` if it would have to be awaited."""
    given = key() if callable(key) else key
    if inspect.iscoroutine(given):
        given.close()  # Python would warn that nobody awaited it.
    if inspect.isawaitable(given):
        raise ConfigError(
            "client_args has an 'api_key' that must be awaited, which a call that blocks can't do.\n"
            "Use `await model.acall(…)`, or a function that returns the key itself."
        )
    return _checked(given)


async def amade(key: Key) -> str:
    """The key for coroutines. Raises `ConfigError`."""
    given = key() if callable(key) else key
    return _checked(await given if inspect.isawaitable(given) else given)


def _checked(given: Any) -> str:
    if isinstance(given, str):
        return given
    raise ConfigError(
        f"client_args has an 'api_key' that returns {type(given).__name__}; expected a str, the key."
    )
