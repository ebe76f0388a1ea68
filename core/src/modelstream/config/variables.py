"""Environment variables in configs: `${NAME}`, and the keys of providers."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from modelstream.config.filled import Filled
from modelstream.errors import ConfigError, MissingApiKeyError

_LONGEST_NAME = 40


def filled_in(config: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the config with `${NAME}` replaced in every string value; `$${` stands for `${`.

    Raises `ConfigError` for a variable that is not set. Filling in twice is harmless.
    """
    return {key: _filled_in(value, str(key), config) for key, value in config.items()}


def plain(value: Any) -> Any:
    """A copy in which what was filled in is an ordinary str again."""
    if isinstance(value, Filled):
        return str(value)
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


def api_key(
    config_value: str | None,
    env_names: str | Sequence[str],
    *,
    field: str = "api_key",
    model_type: str = "this model_type",
) -> str:
    """The provider's key: from the config, or else from the first environment variable that is set.

    Blanks around it, often copied along, are dropped. Raises `MissingApiKeyError`.
    """
    names = (env_names,) if isinstance(env_names, str) else tuple(env_names)
    for value in (config_value, *map(os.environ.get, names)):
        if value is not None and value.strip():
            return value.strip()
    raise MissingApiKeyError(
        f"{model_type} needs a key: set the environment variable {' or '.join(names)}, "
        f"or the field {field!r} of the model config."
    )


def _filled_in(value: Any, field: str, config: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _filled_in(inner, f"{field}.{key}", config) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_filled_in(inner, f"{field}[{place}]", config) for place, inner in enumerate(value)]
    if isinstance(value, str) and "${" in value and not isinstance(value, Filled):
        return _text_filled_in(value, field, config)
    return value


def _text_filled_in(source: str, field: str, config: Mapping[str, Any]) -> Filled:
    parts: list[str] = []
    rest = source
    while True:
        before, opened, rest = rest.partition("${")
        if not opened:
            return Filled.of("".join([*parts, before]), source)
        if before.endswith("$"):
            parts += [before[:-1], "${"]
            continue
        name, closed, rest = rest.partition("}")
        parts += [before, _variable(name, field, config) if closed else _no_variable(name, field, config)]


def _variable(name: str, field: str, config: Mapping[str, Any]) -> str:
    if not (name.isidentifier() and name.isascii()):
        _no_variable(name + "}", field, config)
    value = os.environ.get(name)
    if value is None:
        problem = f"the environment variable {name} is not set."
        _refuse(config, field, f"{problem}\nSet it, or write the value into the config.")
    return value


def _no_variable(text: str, field: str, config: Mapping[str, Any]) -> NoReturn:
    opening = "${" + (text if len(text) <= _LONGEST_NAME else text[:_LONGEST_NAME] + "…")
    problem = f"{opening!r} is not the name of an environment variable in braces."
    _refuse(config, field, f"{problem}\nWhere '${{' is meant as it stands, write '$${{'.")


def _refuse(config: Mapping[str, Any], field: str, problem: str) -> NoReturn:
    from modelstream.config.wording import owner

    raise ConfigError(f"{owner(config)}: field {field!r}: {problem}")
