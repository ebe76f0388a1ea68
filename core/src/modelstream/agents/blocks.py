"""Content blocks: the parts of a message, and their conversion to the OpenAI format.

A block is a dict with a `type`: `text` (`text`), `thinking` (`thinking`), `image`, `audio`, `video`, `file`
(`url`, or a `source` with its own `url` or with `media_type` and `data` in base64), `tool_use` (`id`, `name`,
`input`), `tool_result` (`id`, `name`, `output`: a text, or blocks).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from mimetypes import guess_type
from typing import Any
from urllib.parse import urlsplit

from modelstream.errors import BadRequestError
from modelstream.wire.images import media_location, media_url

Block = dict[str, Any]

MEDIA = frozenset({"image", "audio", "video", "file"})


def block_of_url(url: str) -> Block:
    """The block for a URL; its type follows from the file extension."""
    kind = (guess_type(urlsplit(url).path)[0] or "").partition("/")[0]
    return {"type": kind if kind in {"image", "audio", "video"} else "file", "url": url}


def checked_blocks(content: Iterable[Any]) -> list[Block]:
    """The blocks of a message's content. Raises `ValueError` for an invalid block."""
    blocks = list(content)
    for block in blocks:
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            raise ValueError(  # noqa: TRY004 - a wrong value in a list of the right type
                f"Msg content: {block!r} is not a content block."
                "\nA block is a dict with a 'type', such as {'type': 'text', 'text': 'Hi'}."
            )
    return blocks


def chat_messages(
    role: str, name: str, blocks: Iterable[Block], state: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The blocks as messages of the OpenAI format: one for each tool result, and one for all the rest.

    Sounds, videos and files are parts with a `type` and a `url`, which each wrapper converts. `state` is the
    `provider_state` of the message; without it, thinking becomes state that has no owner. Raises
    `BadRequestError` for a block of an unknown type.
    """
    results: list[dict[str, Any]] = []
    parts: list[Block] = []
    calls: list[Block] = []
    thoughts: list[Block] = []
    for block in blocks:
        kind = block["type"]
        if kind == "tool_result":
            results.append(_tool_message(block, name))
        elif kind == "tool_use":
            calls.append(_tool_call(block))
        elif kind == "thinking":
            thoughts.append(block)
        else:
            parts.append(_part(block, name))
    if not parts and not calls:
        return results
    message: dict[str, Any] = {"role": role, "name": name, "content": _content(parts)}
    if calls:
        message["tool_calls"] = calls
    if state is not None or thoughts:
        message["provider_state"] = state or _thinking_state(thoughts)
    return [*results, message]


def _part(block: Block, name: str) -> Block:
    kind = block["type"]
    if kind == "text":
        return {"type": "text", "text": str(block.get("text", ""))}
    if kind not in MEDIA:
        raise BadRequestError(
            f"a block of type {kind!r} in a message of {name} can't be sent to a model.\n"
            "Supported: text, thinking, image, audio, video, file, tool_use, tool_result."
        )
    location = media_location(block)
    if location is None:
        raise BadRequestError(
            f"a block of type {kind!r} in a message of {name} has no 'url' and no 'source'."
        )
    try:
        url = media_url(location, kind)
    except ValueError as error:
        raise ValueError(f"a block of type {kind!r} in a message of {name}: {error}") from error
    return {"type": "image_url", "image_url": {"url": url}} if kind == "image" else {"type": kind, "url": url}


def _thinking_state(thoughts: list[Block]) -> dict[str, Any]:
    """State without an owner: for all providers that accept the reasoning of others."""
    text = "".join(str(block.get("thinking") or "") for block in thoughts)
    items: list[dict[str, Any]] = [{"reasoning_content": text}]
    if signed := [block for block in thoughts if block.get("signature")]:
        items.append({"signed_thinking": signed})
    return {"dialect": None, "base_url": None, "items": items}


def tool_input(arguments: str) -> Any:
    """The `input` of a `tool_use` block: the arguments as an object, or as text if they are not JSON."""
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def _content(parts: list[Block]) -> str | list[Block] | None:
    """Text alone as a string: some servers accept nothing else."""
    if not parts:
        return None
    if all(part["type"] == "text" for part in parts):
        return "".join(part["text"] for part in parts)
    return parts


def _tool_call(block: Block) -> Block:
    arguments = block.get("input", {})
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return {
        "id": block.get("id"),
        "type": "function",
        "function": {"name": block.get("name"), "arguments": text},
    }


def _tool_message(block: Block, name: str) -> dict[str, Any]:
    return {
        "role": "tool",
        "tool_call_id": block.get("id"),
        "content": _output(block.get("output"), name),
    }


def _output(output: Any, name: str) -> Any:
    if isinstance(output, str):
        return output
    if isinstance(output, list) and output and all(map(_is_content, output)):
        return _content([_part(one, name) for one in output])
    return json.dumps(output, ensure_ascii=False, default=str)


def _is_content(value: Any) -> bool:
    return isinstance(value, dict) and (value.get("type") == "text" or value.get("type") in MEDIA)
