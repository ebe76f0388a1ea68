"""Content blocks: the parts of a message, and their conversion to the OpenAI format.

A block is a dict with a `type`: `text` (`text`), `image`, `audio`, `video`, `file` (`url`), `tool_use` (`id`,
`name`, `input`), `tool_result` (`id`, `name`, `output`).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from mimetypes import guess_type
from typing import Any
from urllib.parse import urlsplit

from modelstream.wire.images import image_url

Block = dict[str, Any]

logger = logging.getLogger("modelstream.agents")


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


def chat_messages(role: str, name: str, blocks: Iterable[Block]) -> list[dict[str, Any]]:
    """The blocks as messages of the OpenAI format: one for each tool result, and one for all the rest."""
    results: list[dict[str, Any]] = []
    parts: list[Block] = []
    calls: list[Block] = []
    for block in blocks:
        kind = block["type"]
        if kind == "tool_result":
            results.append(_tool_message(block))
        elif kind == "tool_use":
            calls.append(_tool_call(block))
        elif kind == "text":
            parts.append({"type": "text", "text": str(block.get("text", ""))})
        elif kind == "image":
            parts.append({"type": "image_url", "image_url": {"url": image_url(str(block.get("url")))}})
        else:
            logger.warning("a block of type %r in a message of %s is not sent to the model", kind, name)
    if not parts and not calls:
        return results
    message: dict[str, Any] = {"role": role, "name": name, "content": _content(parts)}
    if calls:
        message["tool_calls"] = calls
    return [*results, message]


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


def _tool_message(block: Block) -> dict[str, Any]:
    output = block.get("output")
    text = output if isinstance(output, str) else json.dumps(output, ensure_ascii=False, default=str)
    return {"role": "tool", "tool_call_id": block.get("id"), "content": text}
