"""A call as Ollama's `/api/chat` takes it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from modelstream.errors import BadRequestError


def body_of(
    messages: Iterable[Mapping[str, Any]], arguments: Mapping[str, Any], defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """The request's JSON: the call's arguments over the config's, and `options` merged one by one."""
    body = {**defaults, **arguments, "messages": [message_of(message) for message in messages]}
    options = {**(defaults.get("options") or {}), **(arguments.get("options") or {})}
    if options:
        body["options"] = options
    return {name: value for name, value in body.items() if value is not None}


def message_of(message: Mapping[str, Any]) -> dict[str, Any]:
    """A chat message in Ollama's form: text and images apart, arguments of tool calls as objects."""
    theirs = dict(message)
    text, images = _text_and_images(message.get("content"))
    theirs["content"] = text
    if images:
        theirs["images"] = [*(message.get("images") or ()), *images]
    if message.get("tool_calls"):
        theirs["tool_calls"] = [_tool_call(call) for call in message["tool_calls"]]
    if message.get("role") == "tool" and "tool_name" not in message and message.get("name"):
        theirs["tool_name"] = message["name"]
    return theirs


def _text_and_images(content: Any) -> tuple[str, list[str]]:
    if content is None or isinstance(content, str):
        return content or "", []
    texts: list[str] = []
    images: list[str] = []
    for part in content:
        kind = part.get("type")
        if kind == "text":
            texts.append(part["text"])
        elif kind == "image_url":
            images.append(_base64_of(part["image_url"]))
        else:
            raise BadRequestError(f"Ollama takes text and images, and no {kind!r} in a message's content.")
    return "\n".join(texts), images


def _base64_of(image: Any) -> str:
    url = image if isinstance(image, str) else image.get("url", "")
    head, comma, data = url.partition(",")
    if not (comma and head.startswith("data:") and head.endswith(";base64")):
        raise BadRequestError(
            f"Ollama fetches no images, and {url[:80]!r} is no data: URL with base64. Load the image and "
            "send it as data:image/png;base64,…"
        )
    return str(data)


def _tool_call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = dict(call["function"])
    if isinstance(function.get("arguments"), str):
        function["arguments"] = json.loads(function["arguments"] or "{}")
    return {**call, "function": function}
