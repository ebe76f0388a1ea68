"""Write and read requests of `POST /v1/chat/completions`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelstream.errors import BadRequestError
from modelstream.wire.dialect import ChatRequest, WrittenRequest
from modelstream.wire.openai.media import openai_messages

PATH = "/chat/completions"


def write(request: ChatRequest) -> WrittenRequest:
    """The request; a streamed one asks for the token counts, which OpenAI sends only on request."""
    body: dict[str, Any] = {"model": request.model, **request.arguments}
    body["messages"] = openai_messages(request.messages)
    body["stream"] = request.stream
    if request.stream:
        body.setdefault("stream_options", {"include_usage": True})
    return WrittenRequest(PATH, body)


def read(body: Mapping[str, Any]) -> ChatRequest:
    """The call in a request body. Raises `BadRequestError` that names the invalid field."""
    arguments = dict(body)
    model = arguments.pop("model", None)
    if not isinstance(model, str) or not model:
        raise _invalid("model", "a model name")
    messages = arguments.pop("messages", None)
    if not isinstance(messages, list) or not messages:
        raise _invalid("messages", "a list with at least one message")
    for number, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise _invalid(f"messages[{number}]", "an object with a role")
    stream = arguments.pop("stream", None)
    if not isinstance(stream, bool | None):
        raise _invalid("stream", "true or false")
    return ChatRequest(model, messages, arguments, stream=bool(stream))


def _invalid(field: str, expected: str) -> BadRequestError:
    return BadRequestError(f"{field!r} must be {expected}", status=400, code="invalid_value")
