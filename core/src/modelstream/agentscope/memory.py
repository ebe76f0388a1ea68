"""`TemporaryMemory`, where AgentScope 0.1 has it."""

from __future__ import annotations

from modelstream.agents import TemporaryMemory

__all__ = ["TemporaryMemory"]
