"""The agents, where AgentScope 0.1 has them."""

from __future__ import annotations

from modelstream.agents import (
    AgentBase,
    DialogAgent,
    UserAgent,
    UserInputBase,
    UserInputData,
)

__all__ = ["AgentBase", "DialogAgent", "UserAgent", "UserInputBase", "UserInputData"]
