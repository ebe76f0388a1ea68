"""Functions that show messages, at their location in AgentScope 0.1."""

from __future__ import annotations

from modelstream.agents import log_msg, log_stream_msg

__all__ = ["log_msg", "log_stream_msg"]
