"""The agents, at their location in AgentScope 0.1."""

from __future__ import annotations

from modelstream.agents import (
    AgentBase,
    DialogAgent,
    UserAgent,
    UserInputBase,
    UserInputData,
)

__all__ = ["AgentBase", "DialogAgent", "UserAgent", "UserInputBase", "UserInputData"]
