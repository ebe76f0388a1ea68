"""`POST /v1/answer` and `POST /v1/cancel`: the user's answers, and requests to stop a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from starlette.responses import JSONResponse, Response

from modelstream_studio.server import limits
from modelstream_studio.server.publish import body_of, error

if TYPE_CHECKING:
    from starlette.requests import Request

    from modelstream_studio.server.hub import Hub

T = TypeVar("T")


class AnswerBody(msgspec.Struct, frozen=True):
    """The user's answer to a question."""

    question: str = msgspec.field(name="q")
    value: Any


class CancelBody(msgspec.Struct, frozen=True):
    """The message whose stream the user wants to end."""

    message: str = msgspec.field(name="m")
    run: str | None = None


async def answer(request: Request) -> Response:
    """Pass the answer to the program that asked. The first one wins: 409 for one that came too late."""
    hub: Hub = request.app.state.hub
    answered = await _decode(request, AnswerBody)
    if isinstance(answered, Response):
        return answered
    if not hub.answer(answered.question, answered.value):
        return error(409, "The question was already answered or withdrawn.")
    await hub.stored()
    return JSONResponse({})


async def cancel(request: Request) -> Response:
    """Ask the program to end a stream. 409 if it has ended."""
    hub: Hub = request.app.state.hub
    stop = await _decode(request, CancelBody)
    if isinstance(stop, Response):
        return stop
    if not hub.cancel(stop.message, stop.run):
        return error(409, "The message has ended.")
    return JSONResponse({})


async def _decode(request: Request, kind: type[T]) -> T | Response:
    if not request.headers.get("content-type", "").startswith("application/json"):
        return error(415, "The body must be application/json.")
    body = await body_of(request, limits.ANSWER)
    if body is None:
        return error(413, f"An answer has at most {limits.ANSWER} bytes.")
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as why:
        return error(400, f"{why}.")
