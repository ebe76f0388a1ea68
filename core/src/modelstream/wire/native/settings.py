"""Check the settings that users give the native transport."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from modelstream._suggest import did_you_mean
from modelstream.errors import ConfigError


def check_client_args(names: Iterable[str], known: Sequence[str], field: str = "client_args") -> None:
    """Raise a `ConfigError` if a name in `names` is not in `known`; `field` is for the message."""
    for name in names:
        if name not in known:
            raise ConfigError(
                f"{field} has {name!r}, which the native transport does not support."
                f"{did_you_mean(name, known)}"
                f"\nIt supports: {', '.join(known)}. For others set 'transport': 'sdk'."
            )


def check_no_retries(client_args: Mapping[str, Any]) -> None:
    """Raise a `ConfigError` if `max_retries` is among the `client_args`: only the core retries."""
    if client_args.get("max_retries", 0) != 0:
        raise ConfigError(
            f"client_args has max_retries={client_args['max_retries']!r}, "
            "but the native transport does not retry: set 'max_retries' of the model config."
        )
