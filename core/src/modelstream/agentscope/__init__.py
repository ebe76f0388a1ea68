"""The names of AgentScope 0.1, for programs written for it: `import modelstream.agentscope as agentscope`.

Everything here is defined elsewhere; new programs import it from `modelstream`.
"""

from __future__ import annotations

from modelstream.agentscope import agents, logging, manager, memory, message, models
from modelstream.agentscope.hub import msghub
from modelstream.agentscope.manager import register_model_wrapper_class
from modelstream.program import init

__all__ = [
    "agents",
    "init",
    "logging",
    "manager",
    "memory",
    "message",
    "models",
    "msghub",
    "register_model_wrapper_class",
]
