"""Accept and show what unmodified programs send to AgentScope's own Studio.

They send the whole text again with every chunk, don't report the end of a message, and have no tokens. So
this is enabled only on request (`modelstream studio --agentscope`), for programs on the same machine.
"""

from __future__ import annotations

from typing import Any

from starlette.routing import BaseRoute, Mount, Route

from modelstream_studio.agentscope import requests
from modelstream_studio.agentscope.programs import Programs
from modelstream_studio.agentscope.sockets import sockets

PATHS = ("/api/runs/register", "/api/messages/push", "/trpc/", "/socket.io/", "/v1/traces")
"""The paths to which such programs send, without a token."""


def routes() -> list[BaseRoute]:
    """The routes for one server. Raises `ConfigError` if what they need is not installed."""
    programs = Programs()
    return [
        _post("/api/runs/register", requests.endpoint_for(programs, requests.OldRun, requests.register_old)),
        _post("/api/messages/push", requests.endpoint_for(programs, requests.OldPush, requests.push_old)),
        _post("/trpc/registerRun", requests.endpoint_for(programs, requests.Run, requests.register)),
        _post("/trpc/pushMessage", requests.endpoint_for(programs, requests.Push, requests.push)),
        _post(
            "/trpc/pushModelInvocation",
            requests.endpoint_for(programs, requests.Invocation, requests.invocation),
        ),
        _post(
            "/trpc/requestUserInput", requests.endpoint_for(programs, requests.UserInput, requests.user_input)
        ),
        _post("/v1/traces", requests.traces),
        Mount("/socket.io", app=sockets(programs)),
    ]


def _post(path: str, endpoint: Any) -> Route:
    return Route(path, endpoint, methods=["POST"])
