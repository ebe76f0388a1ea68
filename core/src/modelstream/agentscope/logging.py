"""Showing messages, where AgentScope 0.1 has it."""

from __future__ import annotations

from modelstream.agents import log_msg, log_stream_msg

__all__ = ["log_msg", "log_stream_msg"]
