"""Model configs: what a user writes to choose and tune a model, checked field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class ModelConfig(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The fields that every model config has; wrappers add their own in a subclass.

    Timeouts are in seconds, None switches that clock off. `first_delta_timeout` runs from the call to the
    first delta, `idle_timeout` between two deltas, `total_timeout` over the whole call. `max_retries`
    counts further attempts, made only before the first delta. `generate_args` are the provider's own call
    arguments, overridden by those of the call.
    """

    model_type: str
    config_name: str | None = None
    model_name: str | None = None
    stream: bool = False
    generate_args: dict[str, Any] = {}
    first_delta_timeout: float | None = 300.0
    idle_timeout: float | None = 120.0
    total_timeout: float | None = 3600.0
    max_retries: int = 2


def parse_config(config: Mapping[str, Any], config_class: type[Any]) -> Any:
    """The config as an instance of `config_class`, or a `ConfigError` that names field, value and way out."""
    return msgspec.convert(dict(config), config_class)
