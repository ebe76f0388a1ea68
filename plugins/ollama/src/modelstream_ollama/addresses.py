"""The address of an Ollama server."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from modelstream.errors import ConfigError

HOST = "127.0.0.1"
PORT = 11434


def server_at(host: str | None) -> str:
    """The server's address, completed as Ollama does: any part of it may be omitted.

    `host` overrides the environment variable `OLLAMA_HOST`. The default port of an address with a scheme is
    that of the scheme. Raises `ConfigError`.
    """
    field, value = ("host", host) if host else ("OLLAMA_HOST", os.environ.get("OLLAMA_HOST") or "")
    schemeless = "://" not in value
    try:
        parts = urlsplit(f"http://{value}" if schemeless else value)
        port = parts.port
    except ValueError as error:
        raise _invalid_address(field, value, str(error)) from error
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
        f"{field} is {value!r}, which is not a valid address ({why}).\n"
        "An address is http://127.0.0.1:11434, or a part of it."
    )
