"""Calls of DashScope's native API, written and read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from modelstream.errors import BadRequestError
from modelstream.wire import ChatRequest, WrittenRequest, tool_choice
from modelstream_dashscope.messages import has_media, has_uploads, read_message, write_message

_TEXT = "/services/aigc/text-generation/generation"
_MULTIMODAL = "/services/aigc/multimodal-generation/generation"
PATHS = (_TEXT, _MULTIMODAL)

_MULTIMODAL_MODEL = re.compile(r"(^|[-_/.])(qvq|vl|omni|audio|ocr)([-_.:]|\d|$)")
_FORM = ("result_format", "incremental_output")
"""Parameters about the form of the answer, of which no other provider knows."""


def write(request: ChatRequest, *, multimodal: bool | None = None) -> WrittenRequest:
    """The request for an answer in the message form, in increments if it is streamed."""
    if multimodal is None:
        multimodal = _is_multimodal(request.model) or has_media(request.messages)
    messages = [write_message(message, multimodal=multimodal) for message in request.messages]
    parameters = _parameters(request.arguments)
    parameters["result_format"] = "message"
    if request.stream:
        parameters["incremental_output"] = True
    body = {"model": request.model, "input": {"messages": messages}, "parameters": parameters}
    # The API takes these two from headers, not from the body.
    headers = {"X-DashScope-SSE": "enable", "Accept": "text/event-stream"} if request.stream else {}
    if multimodal and any(has_uploads(message) for message in messages):
        headers["X-DashScope-OssResourceResolve"] = "enable"
    return WrittenRequest(_MULTIMODAL if multimodal else _TEXT, body, headers)


def read(body: Mapping[str, Any], headers: Mapping[str, str]) -> ChatRequest:
    """The call; raises `BadRequestError` with the field that is wrong."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise _invalid("model", "a model name")
    messages, parameters = _messages(_object(body, "input")), _object(body, "parameters")
    stream = _is_streamed(headers)
    if parameters.get("result_format", "message") != "message":
        raise _invalid("parameters.result_format", "'message', the only form supported")
    if stream and parameters.get("incremental_output") is not True:
        raise _invalid("parameters.incremental_output", "true: streamed answers are sent in increments only")
    arguments = {name: value for name, value in parameters.items() if name not in _FORM}
    return ChatRequest(model, messages, arguments, stream=stream)


def _is_multimodal(model: str) -> bool:
    return bool(_MULTIMODAL_MODEL.search(model.lower()))


def _parameters(arguments: Mapping[str, Any]) -> dict[str, Any]:
    parameters = {**arguments, **(arguments.get("parameters") or {})}
    if "tool_choice" in parameters:
        parameters["tool_choice"] = tool_choice(parameters["tool_choice"])
    return {name: value for name, value in parameters.items() if name != "parameters" and value is not None}


def _is_streamed(headers: Mapping[str, str]) -> bool:
    lower = {name.lower(): value.lower() for name, value in headers.items()}
    return lower.get("x-dashscope-sse") == "enable" or "text/event-stream" in lower.get("accept", "")


def _messages(inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
    messages = inputs.get("messages")
    if messages is None and isinstance(inputs.get("prompt"), str):
        messages = [{"role": "user", "content": inputs["prompt"]}]
    if not isinstance(messages, list) or not messages:
        raise _invalid("input.messages", "a list with at least one message")
    for number, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise _invalid(f"input.messages[{number}]", "an object with a role")
    return [read_message(message) for message in messages]


def _object(body: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    value = body.get(field)
    if not isinstance(value, Mapping | None):
        raise _invalid(field, "an object")
    return value or {}


def _invalid(field: str, expected: str) -> BadRequestError:
    return BadRequestError(f"{field!r} must be {expected}", status=400, code="InvalidParameter")
