"""Turns of a conversation in the API's JSON as messages: dicts with `role` and `content`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

Part = Mapping[str, Any]


class Messages:
    """The messages of a conversation, turn by turn.

    Calls without an id, which the API allows, are given one, and results without an id that of the first open
    call of the same function.
    """

    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []
        self._open: list[tuple[str, str]] = []
        self._count = 0

    def add_model(self, parts: Sequence[Part]) -> None:
        """Add the model's turn: its content, its thoughts, and its calls."""
        thoughts = "".join(str(part.get("text", "")) for part in parts if part.get("thought"))
        others = [part for part in parts if not part.get("thought") and "functionCall" not in part]
        calls = [self._call(part["functionCall"]) for part in parts if "functionCall" in part]
        message: dict[str, Any] = {"role": "assistant", "content": plain_content(others)}
        if thoughts:
            message["reasoning_content"] = thoughts
        if calls:
            message["tool_calls"] = calls
            message["content"] = message["content"] or None
        self.found.append(message)

    def add_user(self, parts: Sequence[Part]) -> None:
        """Add the user's turn: the results of calls as a message each, and the rest as one."""
        self.found += [self._result(part["functionResponse"]) for part in parts if "functionResponse" in part]
        others = [part for part in parts if "functionResponse" not in part]
        if others or not parts:
            self.found.append({"role": "user", "content": plain_content(others)})

    def _call(self, call: Part) -> dict[str, Any]:
        name, call_id = str(call.get("name", "")), call.get("id") or f"call_{self._count}"
        self._count += 1
        self._open.append((name, call_id))
        arguments = json.dumps(call.get("args", {}), ensure_ascii=False)
        return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}

    def _result(self, result: Part) -> dict[str, Any]:
        name, call_id = str(result.get("name", "")), result.get("id")
        if call_id is None:
            call_id = next((one for called, one in self._open if called == name), None)
        self._open = [(called, one) for called, one in self._open if one != call_id]
        message = {"role": "tool", "tool_call_id": call_id, "name": name}
        return {**message, "content": _result_content(result.get("response", {}))}


def plain_content(parts: Sequence[Part]) -> str | list[dict[str, Any]]:
    """Parts as the content of a message: a str if there is one text only, else OpenAI's parts."""
    if not parts:
        return ""
    content = [_content_part(part) for part in parts]
    if len(content) == 1 and content[0].get("type") == "text":
        return str(content[0]["text"])
    return content


def _content_part(part: Part) -> dict[str, Any]:
    if "text" in part:
        return {"type": "text", "text": str(part["text"])}
    if "inlineData" in part:
        return _inline(part["inlineData"])
    if "fileData" in part:
        return _at_url(str(part["fileData"].get("fileUri", "")), str(part["fileData"].get("mimeType", "")))
    return dict(part)  # Gemini's own, such as code that was run


def _inline(blob: Part) -> dict[str, Any]:
    media_type = str(blob.get("mimeType", ""))
    # The API accepts both alphabets of base64; URLs and OpenAI's parts have the standard one.
    data = str(blob.get("data", "")).replace("-", "+").replace("_", "/")
    kind, _, subtype = media_type.partition("/")
    if kind == "audio":
        return {"type": "input_audio", "input_audio": {"data": data, "format": subtype}}
    return _at_url(f"data:{media_type};base64,{data}", media_type)


def _at_url(url: str, media_type: str) -> dict[str, Any]:
    if media_type.startswith("image/"):
        return {"type": "image_url", "image_url": {"url": url}}
    return {"type": "file", "file": {"file_data": url}}


def _result_content(response: Any) -> str:
    """The result of a function as text; of an object with `output` alone only that, as it is written."""
    if isinstance(response, Mapping) and list(response) == ["output"]:
        response = response["output"]
    return response if isinstance(response, str) else json.dumps(response, ensure_ascii=False)
