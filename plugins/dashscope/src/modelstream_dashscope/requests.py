"""A call as DashScope's native API takes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelstream.wire import WrittenRequest, tool_choice
from modelstream_dashscope.messages import has_media, message_of, names_uploads

if TYPE_CHECKING:
    from modelstream.request import Request
    from modelstream_dashscope.config import DashScopeConfig


def written(config: DashScopeConfig, request: Request, arguments: Mapping[str, Any]) -> WrittenRequest:
    """The request of a call. What is asked for is always the message form, in increments."""
    multimodal = config.multimodal
    if multimodal is None:
        multimodal = config.sees_or_hears() or has_media(request.messages)
    messages = [message_of(message, multimodal=multimodal) for message in request.messages]
    parameters = _parameters(arguments)
    parameters["result_format"] = "message"
    if request.stream:
        parameters["incremental_output"] = True
    task = "multimodal-generation" if multimodal else "text-generation"
    body = {"model": config.model(), "input": {"messages": messages}, "parameters": parameters}
    # What the body has no words for: that it is to be streamed, and that it names uploaded files.
    headers = {"X-DashScope-SSE": "enable", "Accept": "text/event-stream"} if request.stream else {}
    if multimodal and any(names_uploads(message) for message in messages):
        headers["X-DashScope-OssResourceResolve"] = "enable"
    return WrittenRequest(f"/services/aigc/{task}/generation", body, headers)


def _parameters(arguments: Mapping[str, Any]) -> dict[str, Any]:
    given = {**arguments, **(arguments.get("parameters") or {})}
    if "tool_choice" in given:
        given["tool_choice"] = tool_choice(given["tool_choice"])
    return {name: value for name, value in given.items() if name != "parameters" and value is not None}
