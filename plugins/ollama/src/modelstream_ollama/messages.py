"""Chat messages in Ollama's form: text and images apart, arguments of tool calls as objects."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from modelstream.errors import BadRequestError

LONGEST_PATH = 1024


def messages_of(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The messages of a call. A tool's result gets the name of the tool from the call that it belongs to."""
    called: dict[Any, Any] = {}
    return [_message(message, called) for message in messages]


def _message(message: Mapping[str, Any], called: dict[Any, Any]) -> dict[str, Any]:
    theirs = dict(message)
    text, images = _text_and_images(message.get("content"))
    images = [*map(_image, message.get("images") or ()), *images]
    theirs["content"] = text
    if images:
        theirs["images"] = images
    if message.get("tool_calls"):
        theirs["tool_calls"] = [_tool_call(call) for call in message["tool_calls"]]
        called.update((call.get("id"), call["function"].get("name")) for call in theirs["tool_calls"])
    if message.get("role") == "tool" and "tool_name" not in message:
        name = message.get("name") or called.get(message.get("tool_call_id"))
        theirs |= {"tool_name": name} if name else {}
    return theirs


def _text_and_images(content: Any) -> tuple[str, list[str]]:
    if content is None or isinstance(content, str):
        return content or "", []
    texts: list[str] = []
    images: list[str] = []
    for part in content:
        kind = part.get("type") if isinstance(part, Mapping) else type(part).__name__
        if kind == "str":
            texts.append(part)
        elif kind == "text":
            texts.append(str(part.get("text", "")))
        elif kind in ("image_url", "image"):
            images.append(_image(_address(part.get("image_url") or part.get("url") or part.get("image"))))
        else:
            raise BadRequestError(f"Ollama takes text and images, and no {kind!r} in a message's content.")
    return "\n".join(texts), images


def _address(found: Any) -> Any:
    return found.get("url") if isinstance(found, Mapping) else found


def _image(image: Any) -> str:
    """A picture as base64. It may be bytes, a path, the base64 itself, or a URL that has it in it."""
    if isinstance(image, bytes | bytearray):
        return base64.b64encode(image).decode()
    if isinstance(image, PathLike):
        return _file(Path(image), str(image))
    if not isinstance(image, str) or not image:
        raise BadRequestError(f"Ollama takes no {image!r} for an image: expected bytes, a path or base64.")
    head, comma, data = image.partition(",")
    if comma and head.startswith("data:") and head.endswith(";base64"):
        return data
    if image.startswith("data:") or ("://" in image and not image.startswith("file://")):
        raise BadRequestError(
            f"Ollama fetches no images, and {image[:80]!r} is no data: URL with base64. Load the image and "
            "send it as data:image/png;base64,…"
        )
    path = image.removeprefix("file://")
    return _file(Path(path), image) if path != image or _looks_like_a_path(path) else image


def _looks_like_a_path(image: str) -> bool:
    # What has a dot can't be base64; a path without one is told by the file.
    if "." in image:
        return True
    try:
        return len(image) < LONGEST_PATH and Path(image).is_file()
    except (OSError, ValueError):
        return False


def _file(path: Path, given: str) -> str:
    try:
        return base64.b64encode(path.read_bytes()).decode()
    except (OSError, ValueError) as error:
        raise BadRequestError(f"the image {given[:200]!r} can't be read ({error})") from error


def _tool_call(call: Any) -> dict[str, Any]:
    try:
        function = dict(call["function"])
        if isinstance(function.get("arguments"), str):
            function["arguments"] = json.loads(function["arguments"] or "{}")
    except (KeyError, TypeError, ValueError) as error:
        raise BadRequestError(
            f"the tool call {call!r} of a message can't be read ({type(error).__name__}: {error}): expected "
            "{'id': …, 'function': {'name': …, 'arguments': '{…}'}}."
        ) from error
    return {**call, "function": function}
