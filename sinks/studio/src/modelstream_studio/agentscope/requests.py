"""The requests of AgentScope programs: registration, messages, model calls, questions."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from starlette.responses import JSONResponse, Response

from modelstream_studio.frames import MAX_BODY, Ask, Counts, RunInfo
from modelstream_studio.server.hub import TooManyError
from modelstream_studio.server.publish import body_of, error

if TYPE_CHECKING:
    from starlette.requests import Request

    from modelstream_studio.agentscope.programs import Programs

JSON = "application/json"
PROTOBUF = "application/x-protobuf"
USER_INPUT = "User input"

Document = TypeVar("Document", bound=msgspec.Struct)


class Run(msgspec.Struct, rename="camel"):
    """`/trpc/registerRun`."""

    id: str
    project: str | None = None
    name: str | None = None
    timestamp: Any = None
    pid: int | None = None


class OldRun(msgspec.Struct):
    """`/api/runs/register`, until 0.1.4."""

    run_id: str
    project: str | None = None
    name: str | None = None
    timestamp: Any = None
    pid: int | None = None


class AgentMessage(msgspec.Struct):
    """The `msg` in a push."""

    id: str
    name: str = "assistant"
    role: str = "assistant"
    content: Any = None


class Push(msgspec.Struct, rename="camel"):
    """`/trpc/pushMessage`. Other fields are not needed; in 0.1.6 the name there is the id of the reply."""

    run_id: str
    msg: AgentMessage


class OldPush(AgentMessage):
    """`/api/messages/push`, until 0.1.4."""

    run_id: str = ""


class Invocation(msgspec.Struct, rename="camel"):
    """`/trpc/pushModelInvocation`, of 0.1.5 and later."""

    run_id: str
    usage: Any = None


class UserInput(msgspec.Struct, rename="camel"):
    """`/trpc/requestUserInput`."""

    request_id: str
    run_id: str
    agent_name: str = "User"
    structured_input: dict[str, Any] | None = None


def endpoint_for(
    programs: Programs, kind: type[Document], handle: Callable[[Programs, Document], None]
) -> Any:
    """The endpoint that accepts a JSON document of this kind."""
    decoder = msgspec.json.Decoder(kind)

    async def endpoint(request: Request) -> Response:
        # A form on another web page can't send this type without a preflight request.
        if request.headers.get("content-type", "").partition(";")[0].strip() != JSON:
            return error(415, f"Send this as {JSON}.")
        body = await body_of(request, MAX_BODY)
        if body is None:
            return error(413, f"A request has at most {MAX_BODY} bytes.")
        programs.hub = request.app.state.hub
        try:
            handle(programs, decoder.decode(body))
        except msgspec.DecodeError as why:
            return error(400, f"This is not a request of AgentScope: {why}.")
        except TooManyError:
            return error(429, "Too many programs are connected.", retry_after=5)
        return JSONResponse({"result": {"data": {"success": True}}})

    return endpoint


def register(programs: Programs, run: Run) -> None:
    """Register a program."""
    programs.begin(RunInfo(run.id, run.project, run.name, None, run.pid, None, _time(run.timestamp)))


def register_old(programs: Programs, run: OldRun) -> None:
    """The same in the old format."""
    programs.begin(RunInfo(run.run_id, run.project, run.name, None, run.pid, None, _time(run.timestamp)))


def push(programs: Programs, pushed: Push) -> None:
    """Update a message to its current content."""
    message = pushed.msg
    programs.of(pushed.run_id).push(message.id, message.name, message.role, message.content)


def push_old(programs: Programs, message: OldPush) -> None:
    """The same in the old format."""
    programs.of(message.run_id).push(message.id, message.name, message.role, message.content)


def invocation(programs: Programs, call: Invocation) -> None:
    """Count the tokens of a model call; nothing else of it is shown."""
    usage = call.usage if isinstance(call.usage, dict) else {}
    usage = (
        usage["usage"] if isinstance(usage.get("usage"), dict) else usage
    )  # the counts are nested in a record
    counts = Counts(
        _count(usage, "prompt_tokens", "input_tokens"), _count(usage, "completion_tokens", "output_tokens")
    )
    if counts != Counts():
        programs.of(call.run_id).count(counts)


def user_input(programs: Programs, request: UserInput) -> None:
    """Ask the user on behalf of the program."""
    programs.of(request.run_id).ask(
        Ask(
            question=request.request_id,
            name=request.agent_name,
            prompt=USER_INPUT,
            at=time.time(),
            schema=request.structured_input,
        )
    )


async def traces(request: Request) -> Response:
    """Accept traces and ignore them; otherwise the program would log errors all the time."""
    if request.headers.get("content-type", "") not in (PROTOBUF, JSON):
        return error(415, f"Send this as {PROTOBUF}.")
    await body_of(request, MAX_BODY)
    return Response(b"", media_type=PROTOBUF)


def _count(usage: dict[str, Any], *names: str) -> int | None:
    found = next((usage[name] for name in names if name in usage), None)
    return found if isinstance(found, int) else None


def _time(stamp: Any) -> float:
    with suppress(TypeError, ValueError, OverflowError, OSError):
        return datetime.fromisoformat(stamp).timestamp()
    return time.time()
