"""Where an Ollama server is reached."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from modelstream.errors import ConfigError

HOST = "127.0.0.1"
PORT = 11434


def server_at(host: str | None) -> str:
    """The server's address, completed as Ollama does: any part of it may be omitted.

    `host` stands over the environment variable `OLLAMA_HOST`. The port of an address with a scheme is the
    scheme's own. Raises `ConfigError`.
    """
    field, given = ("host", host) if host else ("OLLAMA_HOST", os.environ.get("OLLAMA_HOST") or "")
    schemeless = "://" not in given
    try:
        parts = urlsplit(f"http://{given}" if schemeless else given)
        port = parts.port
    except ValueError as error:
        raise _no_address(field, given, str(error)) from error
    if parts.scheme not in ("http", "https"):
        raise _no_address(field, given, f"{parts.scheme}:// is not supported")
    name = parts.hostname or HOST
    there = f"[{name}]" if ":" in name else name
    port = PORT if port is None and schemeless else port
    path = parts.path.rstrip("/")
    return f"{parts.scheme}://{there}{path}" if port is None else f"{parts.scheme}://{there}:{port}{path}"


def _no_address(field: str, given: str, why: str) -> ConfigError:
    return ConfigError(
        f"{field} is {given!r}, which is not a valid address ({why}).\n"
        "An address is http://127.0.0.1:11434, or a part of it."
    )
