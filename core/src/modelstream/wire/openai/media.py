"""Sounds, videos and files of messages in OpenAI's form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from posixpath import basename
from typing import Any
from urllib.parse import urlsplit

from modelstream.wire.images import media_location
from modelstream.wire.openai.states import restore_state

_FORMATS = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav", "vnd.wave": "wav", "x-flac": "flac", "mp4": "m4a"}
"""OpenAI's names of sound formats, by the subtype of their media type where they differ."""

_KINDS = frozenset({"image", "audio", "video", "file"})


def openai_messages(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The messages as servers with OpenAI's format accept them.

    Their state is put into the fields from which it was read, content blocks become OpenAI's parts, and what
    is not text in a tool's result follows in a message of the user: results can have only text.
    """
    written: list[dict[str, Any]] = []
    moved: list[dict[str, Any]] = []
    for message in messages:
        one = restore_state(message)
        if moved and one.get("role") != "tool":
            written.append({"role": "user", "content": moved})
            moved = []
        if isinstance(one.get("content"), list):
            one["content"] = [openai_part(part) for part in one["content"]]
            if one.get("role") == "tool":
                moved += _without_media(one)
        written.append(one)
    return [*written, {"role": "user", "content": moved}] if moved else written


def openai_part(part: Any) -> Any:
    """A content block with a `url` or `source` as OpenAI's part; any other part as it is."""
    if not isinstance(part, Mapping) or part.get("type") not in _KINDS:
        return part
    kind, url = part["type"], media_location(part)
    if url is None:
        return part
    if kind == "audio" and url.startswith("data:"):
        head, _, data = url.removeprefix("data:").partition(",")
        subtype = head.partition(";")[0].partition("/")[2]
        return {
            "type": "input_audio",
            "input_audio": {"data": data, "format": _FORMATS.get(subtype, subtype)},
        }
    if kind == "file":
        name = part.get("filename") or ("" if url.startswith("data:") else basename(urlsplit(url).path))
        return {"type": "file", "file": {"filename": name or "file", "file_data": url}}
    return {"type": f"{kind}_url", f"{kind}_url": {"url": url}}


def _without_media(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Reduce a tool's result to its text; returns the rest, after a text that names the call."""
    parts = message["content"]
    media: list[Any] = [part for part in parts if isinstance(part, Mapping) and part.get("type") != "text"]
    if not media:
        return []
    texts = [
        part if isinstance(part, str) else str(part.get("text", "")) for part in parts if part not in media
    ]
    message["content"] = "\n".join(texts) or "(see the next message)"
    return [{"type": "text", "text": f"Result of the tool call {message.get('tool_call_id')}:"}, *media]
