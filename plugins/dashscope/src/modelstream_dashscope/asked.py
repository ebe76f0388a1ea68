"""A call as DashScope's native API takes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from modelstream_dashscope.messages import has_media, message_of, names_uploads

if TYPE_CHECKING:
    from modelstream.request import Request
    from modelstream_dashscope.config import DashScopeConfig

_CHOICES = frozenset({"none", "auto", "required"})


class Asked(NamedTuple):
    """One request, before an SDK makes HTTP of it."""

    model: str
    messages: list[dict[str, Any]]
    parameters: dict[str, Any]
    stream: bool
    multimodal: bool

    @property
    def path(self) -> str:
        """Where it goes, below the base URL."""
        task = "multimodal-generation" if self.multimodal else "text-generation"
        return f"/services/aigc/{task}/generation"

    @property
    def body(self) -> dict[str, Any]:
        """The JSON document."""
        return {"model": self.model, "input": {"messages": self.messages}, "parameters": self.parameters}

    @property
    def headers(self) -> dict[str, str]:
        """What the body has no words for: that it is to be streamed, and that it names uploaded files."""
        asked = {"X-DashScope-SSE": "enable", "Accept": "text/event-stream"} if self.stream else {}
        if self.multimodal and any(names_uploads(message) for message in self.messages):
            asked["X-DashScope-OssResourceResolve"] = "enable"
        return asked


def asked_of(config: DashScopeConfig, request: Request) -> Asked:
    """The request of a call. What is asked for is always the message form, in increments."""
    multimodal = config.multimodal
    if multimodal is None:
        multimodal = config.sees_or_hears() or has_media(request.messages)
    messages = [message_of(message, multimodal=multimodal) for message in request.messages]
    parameters = _parameters(request.arguments)
    parameters["result_format"] = "message"
    if request.stream:
        parameters["incremental_output"] = True
    return Asked(config.model(), messages, parameters, request.stream, multimodal)


def _parameters(arguments: Mapping[str, Any]) -> dict[str, Any]:
    given = {**arguments, **(arguments.get("parameters") or {})}
    choice = given.get("tool_choice")
    if isinstance(choice, str) and choice not in _CHOICES:
        # The name of a function, as AgentScope has it.
        given["tool_choice"] = {"type": "function", "function": {"name": choice}}
    return {name: value for name, value in given.items() if name != "parameters" and value is not None}
