"""Messages in DashScope's form: plain text on one endpoint, lists of parts on the other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from modelstream.errors import BadRequestError
from modelstream.wire import image_url, media_location

_MEDIA = ("image", "audio", "video")


def has_media(messages: Iterable[Mapping[str, Any]]) -> bool:
    """Whether any message has more than text."""
    return any(
        "text" not in part
        for message in messages
        if isinstance(message.get("content"), list)
        for part in message["content"]
        if isinstance(part, Mapping)
    )


def has_uploads(message: Mapping[str, Any]) -> bool:
    """Whether a message in parts names files that were uploaded to DashScope's own storage."""
    values = (value for part in message["content"] for value in part.values())
    urls = (url for value in values for url in (value if isinstance(value, list) else [value]))
    return any(isinstance(url, str) and url.startswith("oss://") for url in urls)


def write_message(message: Mapping[str, Any], *, multimodal: bool) -> dict[str, Any]:
    """A chat message in the form of the endpoint. Raises `BadRequestError` for a part it does not support."""
    parts = _parts(message.get("content"))
    content: Any = parts
    if not multimodal and all(part.keys() == {"text"} for part in parts):
        content = "\n".join(part["text"] for part in parts)
    written = {**message, "content": content}
    if message.get("tool_calls"):
        written["tool_calls"] = [_tool_call(call) for call in message["tool_calls"]]
    return written


def read_message(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message of either endpoint with its parts in OpenAI's form; one text alone is a str."""
    content = message.get("content")
    if not isinstance(content, list):
        return dict(message)
    if not content:
        return {**message, "content": ""}
    if len(content) == 1 and isinstance(content[0], dict) and content[0].keys() == {"text"}:
        return {**message, "content": content[0]["text"]}
    return {**message, "content": [_read_part(part) for part in content]}


def _parts(content: Any) -> list[dict[str, Any]]:
    if not isinstance(content, list):
        return [] if content in (None, "") else [{"text": str(content)}]
    return [_part(part) for part in content]


def _part(part: Any) -> dict[str, Any]:
    """OpenAI's part, or AgentScope's block, in DashScope's form, with its other fields."""
    if isinstance(part, str):
        return {"text": part}
    kind = str(part.get("type") or "")
    if not kind:
        return dict(part)  # DashScope's own form
    medium = kind.removesuffix("_url").removeprefix("input_")
    if medium != "text" and medium not in _MEDIA:
        raise BadRequestError(
            f"A message's content has a part of the type {kind!r}, which DashScope does not support: "
            "use text, images, audio or video."
        )
    value = next((part[name] for name in (kind, medium) if name in part), None) or media_location(part)
    if value is None:
        if medium != "text":
            raise BadRequestError(
                f"A message's content has a part of the type {kind!r} without a URL or data."
            )
        value = ""
    others = {name: one for name, one in part.items() if name not in ("type", kind, medium, "url", "source")}
    return {medium: _url(value, medium), **others}


def _read_part(part: Any) -> Any:
    medium = (
        next((name for name in ("text", *_MEDIA) if name in part), None) if isinstance(part, dict) else None
    )
    if medium is None:
        return part
    others = {name: value for name, value in part.items() if name != medium}
    value = part[medium]
    if medium == "image":
        return {"type": "image_url", "image_url": {"url": value}, **others}
    if medium == "audio" and isinstance(value, str) and value.startswith("data:audio/"):
        kind, _, data = value.removeprefix("data:audio/").partition(";base64,")
        return {"type": "input_audio", "input_audio": {"data": data, "format": kind}, **others}
    return {"type": medium, medium: value, **others}


def _url(value: Any, medium: str) -> Any:
    """The location of the medium: a URL, a list of them (the frames of a video), or a data URL."""
    if isinstance(value, Mapping):
        if "data" in value:
            return f"data:{medium}/{value.get('format', 'wav')};base64,{value['data']}"
        value = value.get("url", "")
    return _image(value) if medium == "image" and isinstance(value, str) else value


def _image(url: str) -> str:
    """The URL of an image; a file on this machine becomes a data URL."""
    if ":" in url and not url.startswith("file:"):
        return url
    try:
        return image_url(url)
    except ValueError as error:
        raise BadRequestError(str(error)) from error


def _tool_call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = dict(call["function"])
    if not isinstance(function.get("arguments"), str):
        function["arguments"] = json.dumps(function.get("arguments") or {}, ensure_ascii=False)
    return {**call, "function": function}
