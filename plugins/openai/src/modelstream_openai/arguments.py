"""The arguments of a call as the SDK takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_CHOICES = frozenset({"none", "auto", "required", "any"})


def tool_choice(choice: Any) -> Any:
    """The name of a function, as AgentScope has it, in the form that the API takes."""
    if isinstance(choice, str) and choice not in _CHOICES:
        return {"type": "function", "function": {"name": choice}}
    return choice


def with_usage(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a streamed call, which asks for the usage beside what the caller asks for."""
    options = {"include_usage": True, **(arguments.get("stream_options") or {})}
    return {**arguments, "stream_options": options}


def sorted_out(arguments: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """The arguments that the SDK knows by name, and in `extra_body`, which it lets pass, all others."""
    named = {name: value for name, value in arguments.items() if name in known}
    others = {name: value for name, value in arguments.items() if name not in known}
    if others:
        named["extra_body"] = {**others, **(named.get("extra_body") or {})}
    return named
