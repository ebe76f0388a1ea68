"""Converts the user's dict to the validated config of a wrapper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from modelstream.config.fields import ModelConfig
from modelstream.config.structs import parse_struct
from modelstream.config.variables import filled_in

T = TypeVar("T")


def parse_config(config: Mapping[str, Any], config_class: type[T]) -> T:
    """Validate the config and return it as an instance of `config_class`.

    `config_class` is a subclass of `ModelConfig`, or a pydantic model with the wrapper's own fields; its
    instance then also gets those of `ModelConfig` as attributes. Environment variables (`${NAME}`) are filled
    in. Raises a `ConfigError` that names the field, the value and how to fix it; also for unknown fields,
    unless the class explicitly allows them.
    """
    values = filled_in(config)
    if issubclass(config_class, ModelConfig):
        return parse_struct(values, config_class)
    if hasattr(config_class, "model_validate") and hasattr(config_class, "model_fields"):
        from modelstream.config.pydantic_models import parse_pydantic

        return parse_pydantic(values, config_class)
    raise TypeError(
        f"config_class must be a subclass of ModelConfig or a pydantic model, not {config_class!r}"
    )
