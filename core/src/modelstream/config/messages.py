"""Error messages about configs: the config, the field, the value (without secrets), how to fix it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from modelstream._suggest import did_you_mean, listed
from modelstream.config.filled import Filled
from modelstream.errors import ConfigError, UnknownConfigKeyError

_SECRET_ENDINGS = ("key", "keys", "secret", "token", "password", "authorization", "credentials")
_SECRET_WORDS = ("api_key", "apikey", "authorization", "bearer ", "password")
_LONGEST_VALUE = 80


def describe_config(config: Mapping[str, Any]) -> str:
    """The config in a message: its name and its model_type."""
    name, model_type = _text(config, "config_name"), _text(config, "model_type")
    if not name:
        return f"Config of {model_type}" if model_type else "Model config"
    return f"Model config {name!r}" + (f" ({model_type})" if model_type else "")


def unknown_field(config: Mapping[str, Any], field: object, allowed: Iterable[str]) -> UnknownConfigKeyError:
    """The error for a field that the config's model_type does not have."""
    allowed = list(allowed)
    model_type = _text(config, "model_type") or "this model_type"
    return UnknownConfigKeyError(
        f"{describe_config(config)}: {model_type} has no field {field!r}.{did_you_mean(str(field), allowed)}"
        f"\nIts fields: {listed(allowed)}."
    )


def wrong_value(config: Mapping[str, Any], path: Sequence[str | int], expected: str) -> ConfigError:
    """The error for an invalid value; `path` leads to it."""
    if not path or path[0] not in config:
        return ConfigError(f"{describe_config(config)}: {': '.join([*map(str, path), expected])}.")
    field, value = _look_up(config, path)
    return ConfigError(
        f"{describe_config(config)}: field {field!r} is {format_value(value, field)}; {expected}."
    )


def missing_field(config: Mapping[str, Any], path: Sequence[str | int]) -> ConfigError:
    """The error for a missing required field."""
    return ConfigError(f"{describe_config(config)}: field {'.'.join(map(str, path))!r} is missing.")


def format_value(value: Any, field: str) -> str:
    """Format a value for a message: shortened, and `***` if it is a secret."""
    if isinstance(value, Filled) and not _is_secret(field):
        return f"{value.source!r} (filled in from the environment)"
    text = repr(_masked(value, field))
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


def _text(config: Mapping[str, Any], field: str) -> str | None:
    """The value of a field that may itself be invalid."""
    value = config.get(field)
    return str(value) if isinstance(value, str) else None


class _Mask:
    def __repr__(self) -> str:
        return "***"


def _masked(value: Any, field: str) -> Any:
    if _is_secret(field):
        return _Mask()
    if isinstance(value, Filled):
        return value.source
    if isinstance(value, str) and any(word in value.lower() for word in _SECRET_WORDS):
        return _Mask()
    if isinstance(value, Mapping):
        return {key: _masked(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner, field) for inner in value]
    return value


def _is_secret(field: str) -> bool:
    return any(part.lower().endswith(_SECRET_ENDINGS) for part in field.replace("[", ".").split("."))


def _look_up(config: Mapping[str, Any], path: Sequence[str | int]) -> tuple[str, Any]:
    """The field's name and its value; those of the closest parent if the path does not exist."""
    name, value = "", config
    for step in path:
        try:
            value = value[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            break
        name += f"[{step}]" if isinstance(step, int) else f".{step}"
    return name.removeprefix("."), value
