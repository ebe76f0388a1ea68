"""Tools in the format of OpenAI and AgentScope, as Gemini's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY", "any": "ANY"}
_CHOICES = {"AUTO": "auto", "NONE": "none", "ANY": "required"}
_SCHEMAS = frozenset({"additionalProperties", "anyOf", "items", "prefixItems"})
"""Fields of a schema that hold schemas."""
_WITHOUT_PARAMETERS = frozenset(
    {
        "$comment",
        "$defs",
        "$id",
        "$schema",
        "additionalProperties",
        "default",
        "definitions",
        "description",
        "examples",
        "properties",
        "required",
        "strict",
        "title",
        "type",
    }
)
"""Fields of a schema that has no parameters; definitions alone are not parameters."""


def to_tools(tools: Any) -> list[Any]:
    """The tools with OpenAI's function definitions combined into one of Gemini's; others unchanged.

    The parameters are sent as JSON Schema: Gemini's own form of schemas supports only a part of that.
    """
    items = list(tools) if isinstance(tools, Iterable) and not isinstance(tools, Mapping) else [tools]
    functions = [tool for tool in items if _is_openai(tool)]
    others = [tool for tool in items if not _is_openai(tool)]
    if not functions:
        return others
    return [{"functionDeclarations": [_declaration(tool["function"]) for tool in functions]}, *others]


def _is_openai(tool: Any) -> bool:
    return isinstance(tool, Mapping) and isinstance(tool.get("function"), Mapping)


def _declaration(function: Mapping[str, Any]) -> dict[str, Any]:
    declaration: dict[str, Any] = {"name": function.get("name", "")}
    if function.get("description"):
        declaration["description"] = function["description"]
    parameters = function.get("parameters")
    if isinstance(parameters, Mapping) and _has_parameters(parameters):
        declaration["parametersJsonSchema"] = parameters
    return declaration


def _has_parameters(schema: Mapping[str, Any]) -> bool:
    """Whether there are any: the API refuses an object type without properties.

    They may also be in another part of the schema, such as `$ref`, `anyOf` or `additionalProperties`.
    """
    if schema.get("properties"):
        return True
    extra = schema.get("additionalProperties")
    return not _WITHOUT_PARAMETERS.issuperset(schema) or bool(extra)


def to_tool_config(choice: Any) -> dict[str, Any]:
    """OpenAI's `tool_choice`, or the name of a function, as Gemini's tool config."""
    if isinstance(choice, Mapping):
        function = choice.get("function")
        choice = function.get("name") if isinstance(function, Mapping) else choice.get("name")
    if choice in _MODES:
        return {"functionCallingConfig": {"mode": _MODES[choice]}}
    return {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [choice]}}


def from_tools(tools: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Gemini's tools with each function as OpenAI defines it; others, such as `googleSearch`, unchanged."""
    found: list[Any] = []
    for tool in tools:
        others = dict(tool)
        declarations = others.pop("functionDeclarations", ())
        found += [{"type": "function", "function": _function(one)} for one in declarations]
        if others:
            found.append(others)
    return found


def _function(declaration: Mapping[str, Any]) -> dict[str, Any]:
    function: dict[str, Any] = {"name": declaration.get("name", "")}
    if declaration.get("description"):
        function["description"] = declaration["description"]
    schema = declaration.get("parametersJsonSchema")
    if schema is None and declaration.get("parameters"):
        schema = _json_schema(declaration["parameters"])
    return function if schema is None else {**function, "parameters": schema}


def _json_schema(schema: Any) -> Any:
    """One of the API's own schemas, which have types in capitals and `nullable`, as JSON Schema."""
    if isinstance(schema, list):
        return [_json_schema(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    found = {name: _json_schema(value) if name in _SCHEMAS else value for name, value in schema.items()}
    if isinstance(found.get("properties"), Mapping):
        found["properties"] = {name: _json_schema(one) for name, one in found["properties"].items()}
    nullable = found.pop("nullable", False)
    if isinstance(found.get("type"), str):
        kind = found["type"].lower()
        found["type"] = [kind, "null"] if nullable else kind
    return found


def from_tool_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Gemini's tool config as the argument `tool_choice`; one that OpenAI can't express as `tool_config`."""
    calling = config.get("functionCallingConfig")
    if len(config) == 1 and calling is not None:
        names = calling.get("allowedFunctionNames") or []
        choice = _CHOICES.get(str(calling.get("mode", "AUTO")).upper())
        if choice and not names:
            return {"tool_choice": choice}
        if choice == "required" and len(names) == 1:
            return {"tool_choice": {"type": "function", "function": {"name": names[0]}}}
    return {"tool_config": dict(config)}
