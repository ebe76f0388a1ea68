"""The SDK's clients: they find the server and hold the connections."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from typing import Any

from modelstream.errors import ConfigError
from modelstream.wire import Clients, uncap


def clients(arguments: Mapping[str, Any]) -> Clients[Any, Any]:
    """The HTTP clients inside the SDK's clients that are made with `arguments`.

    What the SDK makes of an answer (it splits lines inside text at U+2028, and drops the ids of tool calls)
    is not used: the bytes are read by the core.
    """
    return Clients(
        lambda: _client("Client", arguments),
        lambda: _client("AsyncClient", arguments),
        lambda client: client.close(),
        lambda client: client.aclose(),
    )


def _client(kind: str, arguments: Mapping[str, Any]) -> Any:
    """The HTTP client of the SDK's `kind`, which knows the server's address and the headers."""
    sdk = _sdk()
    try:
        client = getattr(sdk, kind)(**arguments)._client  # noqa: SLF001 - the SDK has no other way to bytes
    except (TypeError, ValueError) as error:
        host = arguments.get("host") or os.environ.get("OLLAMA_HOST")
        raise ConfigError(
            f"the ollama SDK can't make a client for the host {host!r} with these client_args ({error}).\n"
            "A host is an address such as http://127.0.0.1:11434."
        ) from error
    uncap(client)
    return client


def _sdk() -> Any:
    try:
        return importlib.import_module("ollama")
    except ValueError as error:
        # It makes a client when it is imported, whether or not anybody wants that one.
        raise ConfigError(
            f"OLLAMA_HOST is {os.environ.get('OLLAMA_HOST')!r}, which is no address ({error}).\n"
            "An address is http://127.0.0.1:11434, or a part of it."
        ) from error
