"""What AgentScope programs post: who they are, messages, calls of models, questions."""

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


class Said(msgspec.Struct):
    """The `msg` in a push."""

    id: str
    name: str = "assistant"
    role: str = "assistant"
    content: Any = None


class Push(msgspec.Struct, rename="camel"):
    """`/trpc/pushMessage`. The rest of it is not needed; 0.1.6 has the id of the reply for a name there."""

    run_id: str
    msg: Said


class OldPush(Said):
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


def to(programs: Programs, kind: type[Document], handle: Callable[[Programs, Document], None]) -> Any:
    """The endpoint that takes a JSON document of this kind."""
    decoder = msgspec.json.Decoder(kind)

    async def endpoint(request: Request) -> Response:
        # A form of somebody's page can't send this type without being asked about first.
        if request.headers.get("content-type", "").partition(";")[0].strip() != JSON:
            return error(415, f"Send this as {JSON}.")
        body = await body_of(request, MAX_BODY)
        if body is None:
            return error(413, f"A request has {MAX_BODY} bytes at most.")
        programs.hub = request.app.state.hub
        try:
            handle(programs, decoder.decode(body))
        except msgspec.DecodeError as why:
            return error(400, f"That is not what AgentScope sends here: {why}.")
        except TooManyError:
            return error(429, "Too many programs report already.", retry_after=5)
        return JSONResponse({"result": {"data": {"success": True}}})

    return endpoint


def register(programs: Programs, run: Run) -> None:
    """A program begins."""
    programs.begin(RunInfo(run.id, run.project, run.name, None, run.pid, None, _time(run.timestamp)))


def register_old(programs: Programs, run: OldRun) -> None:
    """The same, as it was once said."""
    programs.begin(RunInfo(run.run_id, run.project, run.name, None, run.pid, None, _time(run.timestamp)))


def push(programs: Programs, pushed: Push) -> None:
    """A message, as it is by now."""
    said = pushed.msg
    programs.of(pushed.run_id).push(said.id, said.name, said.role, said.content)


def push_old(programs: Programs, said: OldPush) -> None:
    """The same, as it was once said."""
    programs.of(said.run_id).push(said.id, said.name, said.role, said.content)


def invocation(programs: Programs, called: Invocation) -> None:
    """A model was called; what of it is shown is what it has used."""
    usage = called.usage if isinstance(called.usage, dict) else {}
    usage = usage["usage"] if isinstance(usage.get("usage"), dict) else usage  # a record about the counts
    counts = Counts(
        _count(usage, "prompt_tokens", "input_tokens"), _count(usage, "completion_tokens", "output_tokens")
    )
    if counts != Counts():
        programs.of(called.run_id).count(counts)


def user_input(programs: Programs, asked: UserInput) -> None:
    """The program waits for its user."""
    programs.of(asked.run_id).ask(
        Ask(
            question=asked.request_id,
            name=asked.agent_name,
            prompt=USER_INPUT,
            at=time.time(),
            schema=asked.structured_input,
        )
    )


async def traces(request: Request) -> Response:
    """Traces are not shown. Taken all the same, or the program would complain of it all the time."""
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
