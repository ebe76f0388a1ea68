"""`Msg`, where AgentScope 0.1 has it."""

from __future__ import annotations

from modelstream.agents import Msg

__all__ = ["Msg"]
