"""URLs of images and other media in the form that providers accept."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from mimetypes import guess_type
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_BEGINNINGS = {"/9j/": "jpeg", "R0lGOD": "gif", "UklGR": "webp"}
"""How base64 of these types begins."""

_USUAL_TYPES = {
    "image": "image/png",
    "audio": "audio/mpeg",
    "video": "video/mp4",
    "file": "application/pdf",
}


def image_url(url: str) -> str:
    """The URL to send: a local file becomes a `data:` URL. Raises `ValueError` for anything else."""
    if urlsplit(url).scheme in {"http", "https", "data"}:
        return url
    kind = guess_type(url)[0] or ""
    path = Path(url.removeprefix("file://"))
    if not kind.startswith("image/") or not path.is_file():
        raise ValueError(f"Image {url!r}: expected a URL (http, https, data) or the path of an image file.")
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def media_url(url: str, kind: str) -> str:
    """The URL of a sound, video or file to send: a local file becomes a `data:` URL, others stay.

    Raises `ValueError` for a path that is not that of a file, or of another `kind` by its extension.
    """
    if kind == "image":
        return url if urlsplit(url).scheme in {"gs", "oss"} else image_url(url)
    if urlsplit(url).scheme in {"http", "https", "data", "gs", "oss"}:
        return url
    path = Path(url.removeprefix("file://"))
    media_type = guess_type(path.name)[0] or "application/octet-stream"
    if not path.is_file() or (kind != "file" and not media_type.startswith(f"{kind}/")):
        raise ValueError(f"{url!r}: expected a URL (http, https, data) or the path of a file of this type.")
    return f"data:{media_type};base64,{base64.b64encode(path.read_bytes()).decode()}"


def media_location(part: Mapping[str, Any]) -> str | None:
    """The URL in a content block, or its data as a `data:` URL; None if it has neither."""
    source = part.get("source")
    if not isinstance(source, Mapping):
        source = {"url": part.get("url")}
    if source.get("data"):
        media_type = source.get("media_type") or _USUAL_TYPES.get(str(part.get("type")), "")
        return f"data:{media_type};base64,{source['data']}"
    url = source.get("url")
    return str(url) if url else None


def image_data_url(data: str) -> str:
    """A `data:` URL for an image in base64; its type is detected from the first bytes, `png` if unknown."""
    kind = next((kind for start, kind in _BEGINNINGS.items() if data.startswith(start)), "png")
    return f"data:image/{kind};base64,{data}"
