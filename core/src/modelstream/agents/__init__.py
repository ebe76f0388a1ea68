"""Agents, their messages and memory, and showing messages while they stream."""

from __future__ import annotations

from modelstream.agents.base import AgentBase
from modelstream.agents.dialog import DialogAgent
from modelstream.agents.log import log_msg, log_stream_msg
from modelstream.agents.memory import TemporaryMemory
from modelstream.agents.msg import Msg
from modelstream.agents.user import UserAgent, UserInputBase, UserInputData
from modelstream.agents.user_input import ask_user

__all__ = [
    "AgentBase",
    "DialogAgent",
    "Msg",
    "TemporaryMemory",
    "UserAgent",
    "UserInputBase",
    "UserInputData",
    "ask_user",
    "log_msg",
    "log_stream_msg",
]
