"""API keys, which may be functions that return a key for each call."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from modelstream.config import check_key
from modelstream.errors import ConfigError

Key = str | Callable[[], str | Awaitable[str]]


def resolve_key(key: Key) -> str:
    """The key for a blocking call. Raises `ConfigError` if the key would have to be awaited."""
    value = key() if callable(key) else key
    if inspect.iscoroutine(value):
        value.close()  # or Python warns that it was never awaited
    if inspect.isawaitable(value):
        raise ConfigError(
            "client_args has an 'api_key' that must be awaited, which a blocking call can't do.\n"
            "Use `await model.acall(…)`, or a function that returns the key itself."
        )
    return _check(value)


async def aresolve_key(key: Key) -> str:
    """The key for coroutines. Raises `ConfigError` if the function does not return a str."""
    value = key() if callable(key) else key
    return _check(await value if inspect.isawaitable(value) else value)


def _check(value: Any) -> str:
    if isinstance(value, str):
        return check_key(value.strip(), "what the function 'api_key' returns")
    raise ConfigError(
        f"client_args has an 'api_key' that returns {type(value).__name__}; expected a str, the key."
    )
