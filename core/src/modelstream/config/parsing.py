"""From the dict that a user wrote to the checked config of a wrapper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from modelstream.config.fields import ModelConfig
from modelstream.config.structs import parse_struct
from modelstream.config.variables import filled_in

T = TypeVar("T")


def parse_config(config: Mapping[str, Any], config_class: type[T]) -> T:
    """The config as an instance of `config_class`, or a `ConfigError` that names field, value and way out.

    `config_class` is a subclass of `ModelConfig`, or a pydantic model with the wrapper's own fields; its
    instance then gets those of `ModelConfig` as attributes, too. Environment variables (`${NAME}`)
    are filled in. A field that the class does not have is refused, unless the class explicitly
    allows more.
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
