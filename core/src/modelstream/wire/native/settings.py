"""What a user may set for the native transport, checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from modelstream._suggest import did_you_mean
from modelstream.errors import ConfigError


def check_client_args(given: Iterable[str], known: Sequence[str], field: str = "client_args") -> None:
    """Raise a `ConfigError` for the first name in `field` that a wrapper does not know here."""
    for name in given:
        if name not in known:
            raise ConfigError(
                f"{field} has {name!r}, which the native transport does not take."
                f"{did_you_mean(name, known)}"
                f"\nIt takes: {', '.join(known)}. The others need 'transport': 'sdk'."
            )


def check_no_retries(given: Mapping[str, Any]) -> None:
    """Raise a `ConfigError` if `max_retries` is among the `client_args`: the core makes further attempts."""
    if given.get("max_retries", 0) != 0:
        raise ConfigError(
            f"client_args has max_retries={given['max_retries']!r}, "
            "but the native transport does not retry: set 'max_retries' of the model config."
        )
