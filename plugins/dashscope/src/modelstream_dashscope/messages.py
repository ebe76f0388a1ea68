"""Messages as DashScope takes them: plain text on one endpoint, lists of parts on the other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from modelstream.errors import BadRequestError

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


def message_of(message: Mapping[str, Any], *, multimodal: bool) -> dict[str, Any]:
    """A chat message in the form that the endpoint takes."""
    parts = _parts(message.get("content"))
    content: Any = parts
    if not multimodal and all(part.keys() == {"text"} for part in parts):
        content = "\n".join(part["text"] for part in parts)
    theirs = {**message, "content": content}
    if message.get("tool_calls"):
        theirs["tool_calls"] = [_tool_call(call) for call in message["tool_calls"]]
    return theirs


def names_uploads(message: Mapping[str, Any]) -> bool:
    """Whether a message with parts names files that were uploaded to DashScope's own storage."""
    addresses = (address for part in message["content"] for address in part.values())
    each = (one for address in addresses for one in (address if isinstance(address, list) else [address]))
    return any(isinstance(one, str) and one.startswith("oss://") for one in each)


def _parts(content: Any) -> list[dict[str, Any]]:
    if not isinstance(content, list):
        return [] if content in (None, "") else [{"text": str(content)}]
    return [_part(part) for part in content]


def _part(part: Any) -> dict[str, Any]:
    """OpenAI's part, or AgentScope's block, as DashScope has it, with what else stands in it."""
    if isinstance(part, str):
        return {"text": part}
    kind = str(part.get("type") or "")
    if not kind:
        return dict(part)  # DashScope's own form
    medium = kind.removesuffix("_url").removeprefix("input_")
    if medium != "text" and medium not in _MEDIA:
        raise BadRequestError(
            f"DashScope takes text, images, audio and video, and no {kind!r} in a message's content."
        )
    found = next((part[name] for name in (kind, medium, "url") if name in part), "")
    others = {name: value for name, value in part.items() if name not in ("type", kind, medium, "url")}
    return {medium: _address(found, medium), **others}


def _address(found: Any, medium: str) -> Any:
    """Where the medium is: an address, a list of them (the frames of a video), or data as an address."""
    if isinstance(found, Mapping):
        if "data" in found:
            return f"data:{medium}/{found.get('format', 'wav')};base64,{found['data']}"
        found = found.get("url", "")
    return _image(found) if medium == "image" and isinstance(found, str) else found


def _image(url: str) -> str:
    """The address of a picture; one on this machine goes along as data."""
    if ":" in url and not url.startswith("file:"):
        return url
    from modelstream.wire import image_url

    try:
        return image_url(url)
    except ValueError as error:
        raise BadRequestError(str(error)) from error


def _tool_call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = dict(call["function"])
    if not isinstance(function.get("arguments"), str):
        function["arguments"] = json.dumps(function.get("arguments") or {}, ensure_ascii=False)
    return {**call, "function": function}
