"""`tool_choice` in OpenAI's format."""

from __future__ import annotations

from typing import Any

_WORDS = frozenset({"none", "auto", "required", "any"})


def tool_choice(choice: Any) -> Any:
    """The name of a function, as in AgentScope, in the API's format; other values are unchanged."""
    if isinstance(choice, str) and choice not in _WORDS:
        return {"type": "function", "function": {"name": choice}}
    return choice
