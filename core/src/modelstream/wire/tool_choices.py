"""The one rule for `tool_choice` in OpenAI's shape."""

from __future__ import annotations

from typing import Any

_WORDS = frozenset({"none", "auto", "required", "any"})


def tool_choice(choice: Any) -> Any:
    """A function's name, as AgentScope takes it, in the form that the API takes; others unchanged."""
    if isinstance(choice, str) and choice not in _WORDS:
        return {"type": "function", "function": {"name": choice}}
    return choice
