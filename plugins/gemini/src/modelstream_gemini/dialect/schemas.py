"""JSON Schema in the API's own form of schemas, as google-genai makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelstream.errors import BadRequestError

Schema = dict[str, Any]

_SPELLINGS = {
    "additional_properties": "additionalProperties",
    "any_of": "anyOf",
    "prefix_items": "prefixItems",
    "property_ordering": "propertyOrdering",
}

_SHAPES: dict[str, tuple[type | tuple[type, ...], str]] = {
    "$defs": (Mapping, "an object of schemas"),
    "$ref": (str, "a str"),
    "anyOf": ((list, tuple), "a list of schemas"),
    "prefixItems": ((list, tuple), "a list of schemas"),
    "properties": (Mapping, "an object of schemas"),
}


def to_schema(schema: Mapping[str, Any]) -> Schema:
    """The schema with references resolved, null written as `nullable`, and the order of its properties.

    Raises `BadRequestError` for an invalid schema, and for a reference without a definition.
    """
    return _Definitions(_checked(schema).get("$defs", {})).resolve(schema, ())


class _Definitions:
    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas

    def resolve(self, value: Any, inside: tuple[str, ...]) -> Schema:
        """The schema; `inside` are the references that led here, which are not resolved again."""
        schema = _checked(value)
        schema.pop("$defs", None)
        _write_null(schema)
        ref = schema.pop("$ref", None)
        if ref is not None:
            return {**schema, **self._found(ref, inside)}
        if "anyOf" in schema:
            schema["anyOf"] = [self.resolve(one, inside) for one in schema["anyOf"]]
            return schema
        if isinstance(schema.get("const"), str):
            schema["enum"] = [schema.pop("const")]
        for name in ("items", "additionalProperties"):
            if isinstance(schema.get(name), Mapping):
                schema[name] = self.resolve(schema[name], inside)
        if "prefixItems" in schema:
            schema["prefixItems"] = [self.resolve(one, inside) for one in schema["prefixItems"]]
        if schema.get("properties"):
            properties = {name: self.resolve(one, inside) for name, one in schema["properties"].items()}
            schema["properties"] = properties
            if len(properties) > 1:
                schema.setdefault("propertyOrdering", list(properties))
        return schema

    def _found(self, ref: str, inside: tuple[str, ...]) -> Schema:
        name = ref.rpartition("defs/")[2]
        if name in inside:
            return {}
        if name not in self._schemas:
            raise BadRequestError(f"response_schema refers to {ref!r}, which is not among its $defs")
        return self.resolve(self._schemas[name], (*inside, name))


def _checked(value: Any) -> Schema:
    """A copy in which all names have the same spelling."""
    if not isinstance(value, Mapping):
        raise BadRequestError(f"response_schema has {value!r} where a schema belongs")
    named: Mapping[str, Any] = value
    schema = {_SPELLINGS.get(name, name): one for name, one in named.items() if one is not None}
    for name, (kind, expected) in _SHAPES.items():
        if name in schema and not isinstance(schema[name], kind):
            raise BadRequestError(f"response_schema has {name!r}: {schema[name]!r}; expected {expected}")
    return schema


def _write_null(schema: Schema) -> None:
    """Write `nullable` for the type null, which the API's schemas do not have."""
    if schema.get("type") == "null":
        del schema["type"]
        schema["nullable"] = True
    choices = schema.get("anyOf")
    if choices and {"type": "null"} in choices:
        others = [one for one in choices if one != {"type": "null"}]
        schema["nullable"] = True
        if len(others) == 1:
            del schema["anyOf"]
            schema.update(others[0])
        else:
            schema["anyOf"] = others
