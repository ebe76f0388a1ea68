"""Configs as msgspec Structs, and what is wrong with them in our words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from modelstream.config.fields import CLOCKS, NULL_IS_DEFAULT
from modelstream.config.filled import Filled
from modelstream.config.variables import plain

T = TypeVar("T")


def parse_struct(config: Mapping[str, Any], config_class: type[T]) -> T:
    """The config as a msgspec Struct."""
    _refuse_unknown(config, config_class)
    values = {key: plain(value) for key, value in config.items() if not _means_default(key, value)}
    off = {clock: None for clock in CLOCKS if values.get(clock) == float("inf")}
    values.update(off)
    reread: set[str] = set()
    while True:
        try:
            return msgspec.convert(values, config_class)
        except msgspec.ValidationError as error:
            message = str(error)
        field = _field_at_fault(message)
        if field in reread or not isinstance(config.get(field), Filled):
            raise _in_our_words(config, message, config_class)
        # A variable is always text. Where the field is a number or a flag, so is the text.
        reread.add(field)
        values[field] = _scalar(values[field])


def _refuse_unknown(config: Mapping[str, Any], config_class: Any) -> None:
    if config_class.__struct_config__.forbid_unknown_fields:
        allowed = config_class.__struct_encode_fields__
        for key in config:
            if key not in allowed:
                from modelstream.config.wording import unknown_field

                raise unknown_field(config, key, allowed)


def _means_default(key: str, value: Any) -> bool:
    return value is None and key in NULL_IS_DEFAULT


def _scalar(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _field_at_fault(message: str) -> str:
    path = _path(message)
    return path[0] if path else ""


def _path(message: str) -> list[str]:
    """The steps to the value that msgspec speaks of: its messages end in "- at `$.client.timeout`"."""
    _, found, place = message.rpartition("`$")
    steps = place.rstrip("`").split(".")[1:] if found else []
    return [step.partition("[")[0] for step in steps]


def _in_our_words(config: Mapping[str, Any], message: str, config_class: type) -> Exception:
    from modelstream.config.wording import missing_field, wrong_value

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
    """What a field of the config takes that takes one of some texts; nothing for fields further inside."""
    from msgspec import inspect

    about = inspect.type_info(config_class)
    fields = about.fields if isinstance(about, inspect.StructType) and len(path) == 1 else ()
    for field in fields:
        if field.encode_name == path[0]:
            kinds = getattr(field.type, "types", (field.type,))
            return [value for kind in kinds if isinstance(kind, inspect.LiteralType) for value in kind.values]
    return []
