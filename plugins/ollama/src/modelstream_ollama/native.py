"""The transport `native`: the core's own HTTP in the place of the SDK, which is never imported."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from modelstream.errors import ConfigError, StreamError
from modelstream.wire.native import HttpRequest, apost, as_json, check_client_args, post, seconds
from modelstream_ollama.failures import unreachable
from modelstream_ollama.requests import PATH

if TYPE_CHECKING:
    from modelstream.request import Request
    from modelstream.wire.native.loops import AsyncNativeStream
    from modelstream.wire.native.threads import NativeStream
    from modelstream_ollama.config import OllamaConfig

HOST = "127.0.0.1"
PORT = 11434
_CLIENT_ARGS = ("headers", "host", "timeout")


class NativeTransport:
    """Sends requests of one config."""

    def __init__(self, config: OllamaConfig) -> None:
        self._config = config
        given = config.for_client()
        check_client_args(given, _CLIENT_ARGS)
        self._timeout = config.headers_limit(seconds(given["timeout"]))
        self._server = server_at(given["host"])
        theirs = {str(name).lower(): value for name, value in (given["headers"] or {}).items()}
        self._headers = {"content-type": "application/json", "accept": "application/x-ndjson", **theirs}

    def close(self) -> None:
        """Nothing of this transport is open: the connections belong to the process."""

    def open(self, body: dict[str, Any], request: Request) -> NativeStream:
        """Send the request; its answer once the headers are there. Raises `StreamError`s."""
        try:
            return post(self._asked(body), timeout=self._timeout, on_cancel=request.on_cancel)
        except StreamError as error:
            raise unreachable(error, self._server) from error.__cause__

    async def aopen(self, body: dict[str, Any], request: Request) -> AsyncNativeStream:
        """The same for coroutines."""
        try:
            return await apost(self._asked(body), timeout=self._timeout)
        except StreamError as error:
            raise unreachable(error, self._server) from error.__cause__

    def _asked(self, body: Mapping[str, Any]) -> HttpRequest:
        return HttpRequest(self._server + PATH, self._headers, as_json(body))


def server_at(host: str | None) -> str:
    """The server's address, completed as Ollama does: any part of it may be left away.

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
        raise _no_address(field, given, f"{parts.scheme}:// is not spoken here")
    name = parts.hostname or HOST
    there = f"[{name}]" if ":" in name else name
    port = PORT if port is None and schemeless else port
    path = parts.path.rstrip("/")
    return f"{parts.scheme}://{there}{path}" if port is None else f"{parts.scheme}://{there}:{port}{path}"


def _no_address(field: str, given: str, why: str) -> ConfigError:
    return ConfigError(
        f"{field} is {given!r}, which is no address ({why}).\n"
        "An address is http://127.0.0.1:11434, or a part of it."
    )
