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


def as_schema(given: Mapping[str, Any]) -> Schema:
    """The schema with its references put in, null told by `nullable`, and the order of its properties.

    Raises `BadRequestError` for what is no schema, and for a reference that leads nowhere.
    """
    return _Definitions(_checked(given).get("$defs", {})).put_into(given, ())


class _Definitions:
    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas

    def put_into(self, given: Any, inside: tuple[str, ...]) -> Schema:
        """The schema; `inside` are the references that led here, which are not followed again."""
        schema = _checked(given)
        schema.pop("$defs", None)
        _tell_null(schema)
        ref = schema.pop("$ref", None)
        if ref is not None:
            return {**schema, **self._found(ref, inside)}
        if "anyOf" in schema:
            schema["anyOf"] = [self.put_into(one, inside) for one in schema["anyOf"]]
            return schema
        if isinstance(schema.get("const"), str):
            schema["enum"] = [schema.pop("const")]
        for name in ("items", "additionalProperties"):
            if isinstance(schema.get(name), Mapping):
                schema[name] = self.put_into(schema[name], inside)
        if "prefixItems" in schema:
            schema["prefixItems"] = [self.put_into(one, inside) for one in schema["prefixItems"]]
        if schema.get("properties"):
            properties = {name: self.put_into(one, inside) for name, one in schema["properties"].items()}
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
        return self.put_into(self._schemas[name], (*inside, name))


def _checked(given: Any) -> Schema:
    """A copy in which all names are spelled the same."""
    if not isinstance(given, Mapping):
        raise BadRequestError(f"response_schema has {given!r} where a schema belongs")
    named: Mapping[str, Any] = given
    schema = {_SPELLINGS.get(name, name): one for name, one in named.items() if one is not None}
    for name, (kind, expected) in _SHAPES.items():
        if name in schema and not isinstance(schema[name], kind):
            raise BadRequestError(f"response_schema has {name!r}: {schema[name]!r}; expected {expected}")
    return schema


def _tell_null(schema: Schema) -> None:
    """Say `nullable` for the type null, which the API's schemas do not have."""
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
