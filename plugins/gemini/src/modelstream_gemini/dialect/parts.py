"""The content of a message as Gemini's parts."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from mimetypes import guess_type
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from modelstream.errors import BadRequestError

Part = dict[str, Any]

_USUAL_TYPES = {
    "image": "image/jpeg",
    "audio": "audio/mpeg",
    "video": "video/mp4",
    "file": "application/pdf",
}
_NATIVE = frozenset(
    {
        "text",
        "inlineData",
        "inline_data",
        "fileData",
        "file_data",
        "functionCall",
        "function_call",
        "functionResponse",
        "function_response",
        "executableCode",
        "executable_code",
        "codeExecutionResult",
        "code_execution_result",
    }
)


def to_parts(content: Any, place: str) -> list[Part]:
    """The content of a message: a str, a part, or a list of them.

    Parts may be OpenAI's, content blocks of AgentScope, or Gemini's own. Errors mention `place`.
    """
    if content is None:
        return []
    if not isinstance(content, list | tuple):
        return [_to_part(content, place)]
    return [_to_part(one, f"{place}[{at}]") for at, one in enumerate(content)]


def _to_part(one: Any, place: str) -> Part:
    if isinstance(one, str):
        return {"text": one}
    if not isinstance(one, Mapping):
        raise BadRequestError(f"{place} is {type(one).__name__}; expected a str or a part as a dict")
    kind = one.get("type")
    if kind is None and not _NATIVE.isdisjoint(one):
        return dict(one)
    if kind == "text":
        return {"text": str(one.get("text", ""))}
    reader = _READERS.get(str(kind))
    if reader is None:
        raise BadRequestError(
            f"{place} has the type {kind!r}, which gemini_chat does not support."
            f"\nSupported: text, {', '.join(_READERS)}, and Gemini's own parts."
        )
    return reader(one, place)


def _image_url(part: Mapping[str, Any], place: str) -> Part:
    image = part.get("image_url")
    return _at_url(image.get("url") if isinstance(image, Mapping) else image, "image", place)


def _input_audio(part: Mapping[str, Any], place: str) -> Part:
    audio = part.get("input_audio") or {}
    return _inline(f"audio/{audio.get('format', 'wav')}", audio.get("data"), place)


def _media(part: Mapping[str, Any], place: str) -> Part:
    """A content block, or OpenAI's `file`: with a `url`, or with the data in a `source` or `file`."""
    kind = part["type"]
    source = part.get("source") or part.get("file")
    if not isinstance(source, Mapping):
        return _at_url(part.get("url"), kind, place)
    if source.get("type") == "base64":
        return _inline(source.get("media_type") or _USUAL_TYPES[kind], source.get("data"), place)
    return _at_url(source.get("url") or source.get("file_data"), kind, place)


def _at_url(url: Any, kind: str, place: str) -> Part:
    """The part for `url`: its data (`data:`), or the URL for Gemini to fetch."""
    scheme = urlsplit(url).scheme if isinstance(url, str) else ""
    if scheme == "data":
        head, _, data = url.removeprefix("data:").partition(",")
        media_type, *flags = head.split(";")
        if "base64" in flags:
            return _inline(media_type or _USUAL_TYPES[kind], data, place)
        return {"inlineData": {"mimeType": media_type or "text/plain", "data": unquote_to_bytes(data)}}
    if scheme in {"http", "https", "gs"}:
        media_type = guess_type(urlsplit(url).path)[0] or _USUAL_TYPES[kind]
        return {"fileData": {"fileUri": url, "mimeType": media_type}}
    shown = repr(url if len(str(url)) <= 80 else f"{str(url)[:80]}…")
    raise BadRequestError(f"{place}: expected a URL (data:, https:, http: or gs:), got {shown}")


def _inline(media_type: str, data: Any, place: str) -> Part:
    try:
        content = data if isinstance(data, bytes) else base64.b64decode(data, validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise BadRequestError(f"{place}: the data is not base64 ({error})") from error
    return {"inlineData": {"mimeType": media_type, "data": content}}


_READERS: dict[str, Callable[[Mapping[str, Any], str], Part]] = {
    "image_url": _image_url,
    "input_audio": _input_audio,
    **dict.fromkeys(_USUAL_TYPES, _media),
}
