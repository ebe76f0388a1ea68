"""Image URLs in the form that providers accept."""

from __future__ import annotations

import base64
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import urlsplit

_BEGINNINGS = {"/9j/": "jpeg", "R0lGOD": "gif", "UklGR": "webp"}
"""How base64 of these types begins."""


def image_url(url: str) -> str:
    """The URL to send: a local file becomes a `data:` URL. Raises `ValueError` for anything else."""
    if urlsplit(url).scheme in {"http", "https", "data"}:
        return url
    kind = guess_type(url)[0] or ""
    path = Path(url.removeprefix("file://"))
    if not kind.startswith("image/") or not path.is_file():
        raise ValueError(f"Image {url!r}: expected a URL (http, https, data) or the path of an image file.")
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def image_data_url(data: str) -> str:
    """A `data:` URL for an image in base64; its type is detected from the first bytes, `png` if unknown."""
    kind = next((kind for start, kind in _BEGINNINGS.items() if data.startswith(start)), "png")
    return f"data:image/{kind};base64,{data}"
