"""Config classes that are pydantic models. Pydantic itself is not imported here: the class has done so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from modelstream.config.fields import ModelConfig
from modelstream.config.messages import missing_field, unknown_field, wrong_value
from modelstream.config.structs import parse_struct
from modelstream.config.variables import plain

if TYPE_CHECKING:
    from modelstream.errors import ConfigError

T = TypeVar("T")


def parse_pydantic(config: Mapping[str, Any], config_class: type[T]) -> T:
    """Validate the config as a pydantic model; missing fields of `ModelConfig` become attributes."""
    model: Any = config_class
    own = set(_field_names(model))
    common = [field for field in ModelConfig.__struct_fields__ if field not in model.model_fields]
    if model.model_config.get("extra") in {None, "forbid"}:
        for key in config:
            if key not in own and key not in common:
                raise unknown_field(config, key, own | set(common))
    shared = {"model_type": "", **{key: value for key, value in config.items() if key in common}}
    base = parse_struct(shared, ModelConfig)
    parsed: T = _validated(model, {key: value for key, value in config.items() if key not in common}, config)
    for field in common:
        # Bypasses the model's __setattr__, which rejects names that are not fields.
        object.__setattr__(parsed, field, getattr(base, field))
    return parsed


def _field_names(model: Any) -> Iterator[str]:
    """The keys that a user may write: the fields' names and their aliases."""
    for name, field in model.model_fields.items():
        yield name
        for alias in (field.alias, field.validation_alias, *getattr(field.validation_alias, "choices", ())):
            if isinstance(alias, str):
                yield alias


def _validated(model: Any, values: Mapping[str, Any], config: Mapping[str, Any]) -> Any:
    try:
        return model.model_validate(plain(values))
    except ValueError as error:
        if not callable(getattr(error, "errors", None)):
            raise
        problem = _map_error(config, error)
    # Outside the except block: pydantic's own message shows the values, including API keys.
    raise problem


def _map_error(config: Mapping[str, Any], error: Any) -> ConfigError:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    path, message = first["loc"], first["msg"]
    if first["type"] == "missing":
        return missing_field(config, path)
    return wrong_value(config, path, message[:1].lower() + message[1:])
