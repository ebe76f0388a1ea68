"""Socket.IO, on which AgentScope programs wait for their user's answers."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from importlib import import_module
from typing import TYPE_CHECKING, Any

from modelstream.errors import ConfigError
from modelstream_studio.frames import Answer, Ask
from modelstream_studio.server.publish import error

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from modelstream_studio.agentscope.programs import Programs

NAMESPACE = "/python"
"""Where programs of 0.1.5 and later connect. Those before use the default one, once for each user agent."""

LOOK = 0.5
"""Seconds between two checks whether Studio is about to stop."""

LISTEN = 20.0
"""Seconds of one wait for answers."""


def sockets(programs: Programs) -> ASGIApp:
    """The Socket.IO server as an application. Raises `ConfigError` if python-socketio is not installed."""
    try:
        socketio: Any = import_module("socketio")
    except ImportError as why:
        raise ConfigError(
            "--agentscope needs python-socketio, on which AgentScope programs wait for their user."
            '\n`pip install "modelstream-studio[agentscope]"` provides it.'
        ) from why
    # Every client starts with polling, which is enough for an occasional answer.
    server = socketio.AsyncServer(async_mode="asgi", transports=["polling"], allow_upgrades=False)
    _Listeners(programs, server).install()
    application = socketio.ASGIApp(server, socketio_path=None)

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        hub = programs.hub = scope["app"].state.hub
        answered = stopped = False

        async def sent(message: Message) -> None:
            nonlocal answered
            if not stopped:
                answered = True
                await send(message)

        answer = asyncio.ensure_future(application(scope, receive, sent))
        try:
            while not answer.done() and not (hub.closed and not answered):
                await asyncio.wait({answer}, timeout=LOOK)
            if answer.done():
                await answer
                return
        finally:
            stopped = True
            answer.cancel()
        # Not a disconnect: the program reconnects when Studio is back, and continues to wait.
        await error(503, "Studio stops.")(scope, receive, send)

    return served


class _Listeners:
    """Passes answers to the sockets that wait for them; each has a task that listens for its program."""

    def __init__(self, programs: Programs, server: Any) -> None:
        self._programs = programs
        self._server = server
        self._tasks: dict[str, tuple[str, asyncio.Task[None]]] = {}

    def install(self) -> None:
        """Register the handlers with the server."""
        on = self._server.on
        on("connect", self._connected, namespace=NAMESPACE)
        on("disconnect", self._left, namespace=NAMESPACE)
        on("disconnect", self._left)
        on("join", self._joined)
        on("request_user_input", self._on_user_input)

    async def _connected(self, sid: str, _environ: Any, auth: Any = None) -> bool | None:
        run = auth.get("run_id") if isinstance(auth, dict) else None
        if not isinstance(run, str):
            return False  # reject the connection
        self._listen(sid, run, "")
        return None

    async def _joined(self, sid: str, about: Any) -> None:
        """Until 0.1.4: a user agent of a program connects."""
        if isinstance(about, dict) and sid not in self._tasks:
            self._listen(sid, str(about.get("run_id")), f"{about.get('agent_id')}.")

    async def _on_user_input(self, _sid: str, about: Any) -> None:
        """Until 0.1.4: a user agent asks its user."""
        if not isinstance(about, dict):
            return
        self._programs.of(str(about.get("run_id"))).ask(
            Ask(
                question=f"{about.get('agent_id')}.{uuid.uuid4().hex}",
                name=str(about.get("name") or "User"),
                prompt="User input",
                at=time.time(),
                schema=_fields(about),
            )
        )

    async def _left(self, sid: str, *_why: Any) -> None:
        run, task = self._tasks.pop(sid, ("", None))
        if task is not None:
            task.cancel()
            self._programs.of(run).connected -= 1

    def _listen(self, sid: str, run: str, prefix: str) -> None:
        self._programs.of(run).connected += 1
        self._tasks[sid] = run, asyncio.create_task(self._forward_answers(sid, run, prefix))

    async def _forward_answers(self, sid: str, run: str, prefix: str) -> None:
        """Send the answers to questions with this prefix to the socket, as they come."""
        after = 0
        while not self._programs.hub.closed:
            producer = self._programs.of(run).producer.id
            for command in await self._programs.hub.commands.after(producer, after, LISTEN):
                after = max(after, command.n)
                if isinstance(command, Answer) and command.question.startswith(prefix):
                    await self._answer(sid, command, old=bool(prefix))
                    self._programs.of(run).answered(command.question, command.value)

    async def _answer(self, sid: str, command: Answer, *, old: bool) -> None:
        value = command.value
        if old:
            await self._server.emit("fetch_user_input", _old_answer(value), to=sid)
            return
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        structured = value if isinstance(value, dict) else None
        answer = (command.question, [{"type": "text", "text": text}], structured)
        await self._server.emit("forwardUserInput", answer, to=sid, namespace=NAMESPACE)


def _fields(about: dict[str, Any]) -> dict[str, Any] | None:
    """The schema of a question that needs more than text."""
    keys = about.get("required_keys") or []
    names = [keys] if isinstance(keys, str) else [str(key) for key in keys]
    if about.get("require_url"):
        names.append("url")
    if not names:
        return None
    return {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("content", *names)},
        "required": ["content"],
    }


def _old_answer(value: Any) -> dict[str, Any]:
    """The dict that programs until 0.1.4 expect: several values replace the text."""
    if not isinstance(value, dict):
        return {"content": str(value), "url": None}
    url = value.get("url") or None
    rest = {key: one for key, one in value.items() if key != "url"}
    return {"content": rest["content"] if list(rest) == ["content"] else rest, "url": url}
