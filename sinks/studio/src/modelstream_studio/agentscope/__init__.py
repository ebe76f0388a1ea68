"""Programs written for AgentScope's own Studio, unmodified: what they send is shown as everything else is.

They send the whole text again with every chunk, don't say when a message has ended, and know no tokens. So
this is there only on request (`modelstream studio --agentscope`), for programs on the same machine.
"""

from __future__ import annotations

from typing import Any

from starlette.routing import BaseRoute, Mount, Route

from modelstream_studio.agentscope import requests
from modelstream_studio.agentscope.programs import Programs
from modelstream_studio.agentscope.sockets import sockets

PATHS = ("/api/runs/register", "/api/messages/push", "/trpc/", "/socket.io/", "/v1/traces")
"""Where such programs send things, without a token."""


def routes() -> list[BaseRoute]:
    """The routes for one server. Raises `ConfigError` if what they need is not installed."""
    programs = Programs()
    return [
        _post("/api/runs/register", requests.to(programs, requests.OldRun, requests.register_old)),
        _post("/api/messages/push", requests.to(programs, requests.OldPush, requests.push_old)),
        _post("/trpc/registerRun", requests.to(programs, requests.Run, requests.register)),
        _post("/trpc/pushMessage", requests.to(programs, requests.Push, requests.push)),
        _post("/trpc/pushModelInvocation", requests.to(programs, requests.Invocation, requests.invocation)),
        _post("/trpc/requestUserInput", requests.to(programs, requests.UserInput, requests.user_input)),
        _post("/v1/traces", requests.traces),
        Mount("/socket.io", app=sockets(programs)),
    ]


def _post(path: str, endpoint: Any) -> Route:
    return Route(path, endpoint, methods=["POST"])
