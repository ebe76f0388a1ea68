"""The SDK's clients, which know the server and hold the connections."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from typing import Any

from modelstream.errors import ConfigError
from modelstream.wire import Clients, proxy_arguments, shown_url, uncap
from modelstream_ollama.addresses import server_at


def clients(arguments: Mapping[str, Any]) -> Clients[Any, Any]:
    """The HTTP clients inside the SDK's clients for these `arguments`.

    The SDK's own reading of answers (it splits lines inside text at U+2028, and drops the ids of tool calls)
    is not used: the core reads the bytes.
    """
    return Clients(
        lambda: _client("Client", arguments),
        lambda: _client("AsyncClient", arguments),
        lambda client: client.close(),
        lambda client: client.aclose(),
    )


def _client(kind: str, arguments: Mapping[str, Any]) -> Any:
    """The HTTP client of the SDK's `kind`, which knows the server's address and the headers."""
    httpx = importlib.import_module("httpx")
    options = proxy_arguments(httpx, is_async=kind == "AsyncClient")
    if options and "ollama" not in sys.modules:
        # The SDK creates a client when it is imported, which would fail.
        address = server_at(arguments.get("host"))
        others = {name: value for name, value in arguments.items() if name != "host"}
        client = getattr(httpx, kind)(**{**options, "base_url": address, "follow_redirects": True, **others})
        uncap(client)
        return client
    sdk = _sdk()
    try:
        client = getattr(sdk, kind)(**{**options, **arguments})._client  # noqa: SLF001 - the SDK has no public access to bytes
    except (TypeError, ValueError) as error:
        host = arguments.get("host") or os.environ.get("OLLAMA_HOST")
        raise ConfigError(
            f"the ollama SDK can't create a client for the host {shown_url(str(host))} with these "
            f"client_args ({error}).\nA host is an address such as http://127.0.0.1:11434."
        ) from error
    uncap(client)
    return client


def _sdk() -> Any:
    try:
        return importlib.import_module("ollama")
    except ValueError as error:
        # The SDK creates a client when it is imported, needed or not.
        raise ConfigError(
            f"OLLAMA_HOST is {shown_url(os.environ.get('OLLAMA_HOST', ''))}, which is not a valid address "
            f"({error}).\nAn address is http://127.0.0.1:11434, or a part of it."
        ) from error
