"""Values of a caller as the API's JSON: names, words of enums, bytes, and the SDKs' objects."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from enum import Enum
from typing import Any

from modelstream.errors import ConfigError
from modelstream_gemini.dialect.arguments import camel_case, is_message, message_to_json

_FREE = frozenset(
    {
        "additionalProperties",
        "args",
        "default",
        "example",
        "headers",
        "labels",
        "parametersJsonSchema",
        "partMetadata",
        "response",
        "responseJsonSchema",
    }
)
"""Fields whose content is the caller's and not the API's: names in them stay unchanged."""

_BY_NAME = frozenset({"properties", "defs"})
"""Fields of schemas in which each name is the caller's."""

_WORDS = frozenset(
    {
        "behavior",
        "category",
        "contentLayers",
        "disabledSafetyPolicies",
        "environment",
        "language",
        "level",
        "mediaProcessing",
        "mediaResolution",
        "mode",
        "outcome",
        "scheduling",
        "thinkingLevel",
        "threshold",
        "toolType",
        "type",
    }
)
"""Fields with a word of an enum, which callers may write in lower case."""


def to_api(value: Any, place: str = "", field: str = "") -> Any:
    """`value` of the field `field` as the API writes it.

    Names become camelCase, words of enums upper case, bytes base64; fields that are None are omitted.
    Raises `ConfigError`, in which `place` is named, for objects that only an SDK could convert.
    """
    value = unwrapped(value, place)
    if isinstance(value, list):
        return [to_api(one, f"{place}[{at}]", field) for at, one in enumerate(value)]
    if isinstance(value, Mapping):
        if field in _BY_NAME:
            return {name: to_api(inner, f"{place}.{name}") for name, inner in value.items()}
        return dict(_fields(value, place, field))
    return value.upper() if field in _WORDS and isinstance(value, str) else value


def _fields(value: Mapping[str, Any], place: str, inside: str) -> list[tuple[str, Any]]:
    fields = []
    for written, inner in value.items():
        if inner is not None:
            name, path = camel_case(str(written)), f"{place}.{written}".lstrip(".")
            # A declaration describes what its function returns by a schema of the API's, not by free JSON.
            free = name in _FREE and (name, inside) != ("response", "functionDeclarations")
            fields.append((name, _free(inner, path) if free else to_api(inner, path, name)))
    return fields


def _free(value: Any, place: str) -> Any:
    """The same with all names and nulls unchanged."""
    value = unwrapped(value, place)
    if isinstance(value, list):
        return [_free(one, f"{place}[{at}]") for at, one in enumerate(value)]
    if isinstance(value, Mapping):
        return {name: _free(inner, f"{place}.{name}") for name, inner in value.items()}
    return value


def unwrapped(value: Any, place: str) -> Any:
    """One of JSON's types: a list of such, a mapping of anything, or a plain value."""
    if isinstance(value, list | tuple):
        return [unwrapped(one, f"{place}[{at}]") for at, one in enumerate(value)]
    if isinstance(value, Enum):
        # The older SDK's are numbers, whose names are the API's words.
        return value.value if isinstance(value.value, str) else value.name
    if value is None or isinstance(value, Mapping | str | int | float):
        return value
    if isinstance(value, bytes | bytearray):
        return base64.urlsafe_b64encode(value).decode("ascii")
    return _object_to_json(value, place)


def _object_to_json(value: Any, place: str) -> Any:
    if not isinstance(value, type):
        if type(value).__module__.startswith("google.genai."):
            return value.model_dump(mode="json", by_alias=True, exclude_none=True)
        if is_message(value):
            return message_to_json(value)
        if hasattr(value, "isoformat"):
            return value.isoformat()
    raise ConfigError(
        f"{place} is {_kind(value)}, which the native transport can't convert: it accepts JSON, bytes and"
        " objects of google-genai.\nPass the JSON that the API accepts, or set 'transport' to 'sdk'."
    )


def _kind(value: Any) -> str:
    if isinstance(value, type) or hasattr(value, "__origin__"):  # the latter is list[str] and the like
        return f"the type {getattr(value, '__name__', value)}"
    if callable(value):
        return f"the function {getattr(value, '__name__', type(value).__name__)}"
    return f"of the type {type(value).__name__}"
