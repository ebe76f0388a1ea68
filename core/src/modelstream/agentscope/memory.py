"""`TemporaryMemory`, at its location in AgentScope 0.1."""

from __future__ import annotations

from modelstream.agents import TemporaryMemory

__all__ = ["TemporaryMemory"]
