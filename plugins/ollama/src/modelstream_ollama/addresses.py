"""The address of an Ollama server."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from modelstream.errors import ConfigError
from modelstream.wire import shown_url

HOST = "127.0.0.1"
PORT = 11434


def server_at(host: str | None, field: str = "host") -> str:
    """The server's address, completed as Ollama does: any part of it may be omitted.

    `host`, which is set in `field`, overrides the environment variable `OLLAMA_HOST`. The default port of an
    address with a scheme is that of the scheme. Raises `ConfigError`.
    """
    field, value = (field, host) if host else ("OLLAMA_HOST", os.environ.get("OLLAMA_HOST") or "")
    if (space := next((char for char in value if char.isspace()), None)) is not None:
        raise _invalid_address(field, value, f"it has the character {space!r}")
    schemeless = "://" not in value
    try:
        parts = urlsplit(f"http://{value}" if schemeless else value)
        port = parts.port
    except ValueError as error:
        why = "its port is invalid" if "@" in value else str(error)
        raise _invalid_address(field, value, why) from None
    if parts.scheme not in ("http", "https"):
        raise _invalid_address(field, value, f"{parts.scheme}:// is not supported")
    name = parts.hostname or HOST
    host_part = f"[{name}]" if ":" in name else name
    port = PORT if port is None and schemeless else port
    path = parts.path.rstrip("/")
    return (
        f"{parts.scheme}://{host_part}{path}"
        if port is None
        else f"{parts.scheme}://{host_part}:{port}{path}"
    )


def _invalid_address(field: str, value: str, why: str) -> ConfigError:
    return ConfigError(
        f"{field} is {shown_url(value)}, which is not a valid address ({why}).\n"
        "An address is http://127.0.0.1:11434, or a part of it."
    )
