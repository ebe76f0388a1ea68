"""The content of an AgentScope message: text, or blocks of several kinds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from modelstream_studio.frames import Call


class Contents(msgspec.Struct, frozen=True):
    """The content of a message so far."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[Call, ...] = ()


def contents_of(content: Any) -> Contents:
    """The readable parts of the content. Unknown blocks are omitted; media are represented by their URL."""
    if isinstance(content, str):
        return Contents(content)
    if not isinstance(content, list):
        return Contents("" if content is None else _written(content))
    blocks = [block for block in content if isinstance(block, dict)]
    return Contents(
        text="\n".join([text for block in blocks for text in _texts(block)]),
        reasoning="\n".join([str(block.get("thinking", "")) for block in blocks if _is(block, "thinking")]),
        calls=tuple(_call(block) for block in blocks if _is(block, "tool_use")),
    )


def _texts(block: dict[str, Any]) -> Iterator[str]:
    match block.get("type"):
        case "text":
            yield str(block.get("text", ""))
        case "tool_result":
            yield _tool_result(block)
        case "image" | "audio" | "video" | "file":
            yield _media(block)


def _tool_result(block: dict[str, Any]) -> str:
    """The result of a tool, as a code block."""
    output = block.get("output", "")
    text = output if isinstance(output, str) else contents_of(output).text
    # A fence longer than any inside the text.
    fence = "`" * max(3, 1 + max(map(len, "".join(c if c == "`" else " " for c in text).split()), default=0))
    return f"{block.get('name') or 'tool'} →\n\n{fence}\n{text}\n{fence}\n"


def _media(block: dict[str, Any]) -> str:
    source = block.get("source")
    url = block.get("url") or (source.get("url") if isinstance(source, dict) else None)
    return f"[{block['type']}: {url}]" if isinstance(url, str) else f"[{block['type']}]"


def _call(block: dict[str, Any]) -> Call:
    arguments = block.get("raw_input") or block.get("input") or {}
    written = arguments if isinstance(arguments, str) else _written(arguments)
    return Call(str(block.get("id") or ""), str(block.get("name") or ""), written)


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _is(block: dict[str, Any], kind: str) -> bool:
    return block.get("type") == kind
