"""Environment variables in configs: `${NAME}`, and API keys."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from modelstream.config.filled import Filled
from modelstream.errors import ConfigError, MissingApiKeyError

_LONGEST_NAME = 40


def filled_in(config: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the config with `${NAME}` replaced in every string value; `$${` means a literal `${`.

    Raises `ConfigError` for a variable that is not set. Calling it twice changes nothing.
    """
    return {key: _fill_in(value, str(key), config) for key, value in config.items()}


def plain(value: Any) -> Any:
    """A copy in which every `Filled` is an ordinary str again."""
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
    """The API key: from the config, or else from the first environment variable that is set.

    Leading and trailing whitespace, often copied with a key, is removed. Raises `MissingApiKeyError`, and
    `ConfigError` for a key with a character that no header can have, such as a curly quote.
    """
    names = (env_names,) if isinstance(env_names, str) else tuple(env_names)
    sources = {f"the field {field!r} of the model config": config_value}
    sources.update((f"the environment variable {name}", os.environ.get(name)) for name in names)
    for source, value in sources.items():
        if value is not None and value.strip():
            return check_key(value.strip(), source)
    raise MissingApiKeyError(
        f"{model_type} needs an API key: set the environment variable {' or '.join(names)}, "
        f"or the field {field!r} of the model config."
    )


def check_key(key: str, source: str) -> str:
    """`key`, which comes from `source`. Raises `ConfigError` for one that can't be sent."""
    for place, char in enumerate(key, 1):
        if not (char.isascii() and char.isprintable()):
            raise ConfigError(
                f"{source} is an API key with the character {char!r} (U+{ord(char):04X}) at position "
                f"{place}, which no key has.\nCopy it again, as plain text."
            )
    return key


def _fill_in(value: Any, field: str, config: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _fill_in(inner, f"{field}.{key}", config) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_fill_in(inner, f"{field}[{place}]", config) for place, inner in enumerate(value)]
    if isinstance(value, str) and "${" in value and not isinstance(value, Filled):
        return _fill_in_text(value, field, config)
    return value


def _fill_in_text(source: str, field: str, config: Mapping[str, Any]) -> Filled:
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
        parts += [
            before,
            _variable(name, field, config) if closed else _invalid_reference(name, field, config),
        ]


def _variable(name: str, field: str, config: Mapping[str, Any]) -> str:
    if not (name.isidentifier() and name.isascii()):
        _invalid_reference(name + "}", field, config)
    value = os.environ.get(name)
    if value is None:
        problem = f"the environment variable {name} is not set."
        _raise_error(config, field, f"{problem}\nSet it, or write the value into the config.")
    return value


def _invalid_reference(text: str, field: str, config: Mapping[str, Any]) -> NoReturn:
    opening = "${" + (text if len(text) <= _LONGEST_NAME else text[:_LONGEST_NAME] + "…")
    problem = f"{opening!r} does not start a variable reference such as ${{NAME}}."
    _raise_error(config, field, f"{problem}\nFor a literal '${{', write '$${{'.")


def _raise_error(config: Mapping[str, Any], field: str, problem: str) -> NoReturn:
    from modelstream.config.messages import describe_config

    raise ConfigError(f"{describe_config(config)}: field {field!r}: {problem}")
