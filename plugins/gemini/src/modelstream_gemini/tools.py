"""Tools as callers know them from OpenAI and AgentScope, as Gemini's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY", "any": "ANY"}


def as_tools(tools: Any) -> list[Any]:
    """The tools with OpenAI's function definitions put together in one of Gemini's; what else there is stays.

    The parameters go as JSON Schema: Gemini's own form of schemas knows only a part of that.
    """
    given = list(tools) if isinstance(tools, Iterable) and not isinstance(tools, Mapping) else [tools]
    functions = [tool for tool in given if _is_openai(tool)]
    others = [tool for tool in given if not _is_openai(tool)]
    if not functions:
        return others
    return [{"functionDeclarations": [_declaration(tool["function"]) for tool in functions]}, *others]


def _is_openai(tool: Any) -> bool:
    return isinstance(tool, Mapping) and isinstance(tool.get("function"), Mapping)


def _declaration(function: Mapping[str, Any]) -> dict[str, Any]:
    declaration: dict[str, Any] = {"name": function.get("name", "")}
    if function.get("description"):
        declaration["description"] = function["description"]
    parameters = function.get("parameters") or {}
    if parameters.get("properties"):
        declaration["parametersJsonSchema"] = parameters
    return declaration


def as_tool_config(choice: Any) -> dict[str, Any]:
    """OpenAI's `tool_choice`, or the name of a function, as Gemini's tool config."""
    if isinstance(choice, Mapping):
        function = choice.get("function")
        choice = function.get("name") if isinstance(function, Mapping) else choice.get("name")
    if choice in _MODES:
        return {"functionCallingConfig": {"mode": _MODES[choice]}}
    return {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [choice]}}
