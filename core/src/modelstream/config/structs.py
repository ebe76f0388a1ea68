"""Validates configs as msgspec Structs, and rewrites the error messages of msgspec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from modelstream.config.fields import NULL_IS_DEFAULT, TIMEOUTS
from modelstream.config.filled import Filled
from modelstream.config.variables import plain

T = TypeVar("T")


def parse_struct(config: Mapping[str, Any], config_class: type[T]) -> T:
    """Validate the config as a msgspec Struct."""
    _reject_unknown(config, config_class)
    values = {key: plain(value) for key, value in config.items() if not _means_default(key, value)}
    off = {name: None for name in TIMEOUTS if values.get(name) == float("inf")}
    values.update(off)
    reread: set[str] = set()
    while True:
        try:
            return msgspec.convert(values, config_class)
        except msgspec.ValidationError as error:
            message = str(error)
        field = _invalid_field(message)
        if field in reread or not isinstance(config.get(field), Filled):
            raise _map_error(config, message, config_class)
        # A variable is always text, also for a field that is a number or a flag: decode it as JSON.
        reread.add(field)
        values[field] = _scalar(values[field])


def _reject_unknown(config: Mapping[str, Any], config_class: Any) -> None:
    if config_class.__struct_config__.forbid_unknown_fields:
        allowed = config_class.__struct_encode_fields__
        for key in config:
            if key not in allowed:
                from modelstream.config.messages import unknown_field

                raise unknown_field(config, key, allowed)


def _means_default(key: str, value: Any) -> bool:
    return value is None and key in NULL_IS_DEFAULT


def _scalar(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _invalid_field(message: str) -> str:
    path = _path(message)
    return path[0] if path else ""


def _path(message: str) -> list[str]:
    """The path in an error message of msgspec, which ends in "- at `$.client.timeout`"."""
    _, found, place = message.rpartition("`$")
    steps = place.rstrip("`").split(".")[1:] if found else []
    return [step.partition("[")[0] for step in steps]


def _map_error(config: Mapping[str, Any], message: str, config_class: type) -> Exception:
    from modelstream.config.messages import missing_field, wrong_value

    what = message.partition(" - at `")[0]
    path = _path(message)
    if what.startswith("Object missing required field"):
        return missing_field(config, [*path, what.split("`")[1]])
    if choices := what.startswith("Invalid enum value") and _choices(config_class, path):
        return wrong_value(config, path, f"expected {' or '.join(map(repr, choices))}")
    expected = what.partition(", got ")[0].replace("`", "")
    inside = " inside it" if "[...]" in message else ""
    return wrong_value(config, path, expected[:1].lower() + expected[1:] + inside)


def _choices(config_class: type, path: list[str]) -> list[Any]:
    """The allowed values of a Literal field at the top level of the config; empty for other fields."""
    from msgspec import inspect

    about = inspect.type_info(config_class)
    fields = about.fields if isinstance(about, inspect.StructType) and len(path) == 1 else ()
    for field in fields:
        if field.encode_name == path[0]:
            kinds = getattr(field.type, "types", (field.type,))
            return [value for kind in kinds if isinstance(kind, inspect.LiteralType) for value in kind.values]
    return []
