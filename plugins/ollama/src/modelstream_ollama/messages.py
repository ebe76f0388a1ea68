"""Chat messages in Ollama's form and back: text and images apart, arguments of tool calls as objects."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from modelstream.errors import BadRequestError
from modelstream.wire import image_data_url, media_location

LONGEST_PATH = 1024
"""Characters; a longer text is base64, and not looked up as a file."""


def write_messages(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The messages in Ollama's form. A tool's result gets the name of the tool from the call with its id.

    Raises `BadRequestError`.
    """
    names: dict[Any, Any] = {}
    return [_write_message(message, names) for message in messages]


def _write_message(message: Mapping[str, Any], names: dict[Any, Any]) -> dict[str, Any]:
    written = _with_thinking(message)
    text, images = _text_and_images(message.get("content"))
    images = [*map(_image, message.get("images") or ()), *images]
    written["content"] = text
    if images:
        written["images"] = images
    if message.get("tool_calls"):
        written["tool_calls"] = [_tool_call(call) for call in message["tool_calls"]]
        names.update((call.get("id"), call["function"].get("name")) for call in written["tool_calls"])
    if message.get("role") == "tool" and "tool_name" not in message:
        name = message.get("name") or names.get(message.get("tool_call_id"))
        written |= {"tool_name": name} if name else {}
    return written


def _with_thinking(message: Mapping[str, Any]) -> dict[str, Any]:
    """The message with its reasoning as `thinking`, Ollama's name for it."""
    written = dict(message)
    state = written.pop("provider_state", None)
    items = state.get("items") if isinstance(state, Mapping) else None
    noted = [item for item in items or () if isinstance(item, Mapping)]
    thoughts = [item.get("thinking") or item.get("reasoning_content") for item in noted]
    thoughts.append(written.pop("reasoning_content", None))
    thinking = next((one for one in reversed(thoughts) if isinstance(one, str) and one), None)
    if thinking is not None:
        written.setdefault("thinking", thinking)
    return written


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
            images.append(
                _image(_address(part.get("image_url") or part.get("image") or media_location(part)))
            )
        else:
            raise BadRequestError(
                f"Ollama supports text and images, but not {kind!r}, in a message's content."
            )
    return "\n".join(texts), images


def _address(found: Any) -> Any:
    return found.get("url") if isinstance(found, Mapping) else found


def _image(image: Any) -> str:
    """An image as base64: from bytes, a path, base64, or a `data:` URL."""
    if isinstance(image, bytes | bytearray):
        return base64.b64encode(image).decode()
    if isinstance(image, PathLike):
        return _file(Path(image), str(image))
    if not isinstance(image, str) or not image:
        raise BadRequestError(f"{image!r} is not a valid image: expected bytes, a path or base64.")
    head, comma, data = image.partition(",")
    if comma and head.startswith("data:") and head.endswith(";base64"):
        return data
    if image.startswith("data:") or ("://" in image and not image.startswith("file://")):
        raise BadRequestError(
            f"Ollama does not fetch images, and {image[:80]!r} is not a data: URL with base64. Load the "
            "image and send it as data:image/png;base64,…"
        )
    path = image.removeprefix("file://")
    return _file(Path(path), image) if path != image or _looks_like_a_path(path) else image


def _looks_like_a_path(image: str) -> bool:
    # Base64 has no dot; a path without one is known by its file.
    if "." in image:
        return True
    try:
        return len(image) < LONGEST_PATH and Path(image).is_file()
    except (OSError, ValueError):
        return False


def _file(path: Path, name: str) -> str:
    try:
        return base64.b64encode(path.read_bytes()).decode()
    except (OSError, ValueError) as error:
        raise BadRequestError(f"the image {name[:200]!r} can't be read ({error})") from error


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


def read_messages(messages: Any) -> list[dict[str, Any]]:
    """The messages of a call to Ollama, with images, calls and results in OpenAI's form.

    Calls without an id get one, and the results of tools the ids of their calls. Raises `BadRequestError`.
    """
    if not isinstance(messages, list) or not messages:
        raise invalid("messages", "a list with at least one message")
    calls: list[dict[str, Any]] = []
    return [_read_message(message, f"messages[{number}]", calls) for number, message in enumerate(messages)]


def read_prompt(arguments: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages of a call to `/api/generate`; their fields are taken out of `arguments`."""
    system, prompt = arguments.pop("system", None), arguments.pop("prompt", None)
    if not isinstance(prompt, str) or not prompt:
        raise invalid("prompt", "a text")
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": prompt, "images": arguments.pop("images", None)})
    return read_messages(messages)


def invalid(field: str, expected: str) -> BadRequestError:
    """The error of a server for a field that is not valid."""
    return BadRequestError(f"{field!r} must be {expected}", status=400)


def _read_message(message: Any, where: str, calls: list[dict[str, Any]]) -> dict[str, Any]:
    """The message; `calls` are those that no result belongs to yet."""
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise invalid(where, "an object with a role")
    read = dict(message)
    images = read.pop("images", None) or []
    if not isinstance(images, list) or not all(isinstance(image, str) for image in images):
        raise invalid(f"{where}.images", "a list of base64 texts")
    if read.get("content") is None:
        read["content"] = ""
    if not isinstance(read["content"], str):
        raise invalid(f"{where}.content", "a text")
    if images:
        parts = [{"type": "image_url", "image_url": {"url": image_data_url(image)}} for image in images]
        read["content"] = [{"type": "text", "text": read["content"]}, *parts]
    if read.get("tool_calls"):
        read["tool_calls"] = _read_calls(read["tool_calls"], f"{where}.tool_calls")
        calls.extend(read["tool_calls"])
    if read["role"] == "tool":
        _find_call(read, calls)
    return read


def _read_calls(calls: Any, where: str) -> list[dict[str, Any]]:
    try:
        return [_read_call(call) for call in calls]
    except (AttributeError, KeyError, TypeError) as error:
        raise invalid(
            where, "a list of objects with a function, its name and an object of arguments"
        ) from error


def _read_call(call: dict[str, Any]) -> dict[str, Any]:
    name, arguments = call["function"]["name"], call["function"].get("arguments")
    if not isinstance(name, str) or not isinstance(arguments, dict | None):
        raise TypeError
    call_id = call.get("id") or f"call_{os.urandom(4).hex()}"
    text = json.dumps(arguments or {}, ensure_ascii=False)
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": text}}


def _find_call(result: dict[str, Any], calls: list[dict[str, Any]]) -> None:
    """Give the result of a tool the id of its call: the first one of that name without a result."""
    name, call_id = result.pop("tool_name", None), result.get("tool_call_id")
    for call in calls:
        if call["id"] == call_id or (call_id is None and name in (None, call["function"]["name"])):
            calls.remove(call)
            result["tool_call_id"] = call["id"]
            result.setdefault("name", call["function"]["name"])
            return
