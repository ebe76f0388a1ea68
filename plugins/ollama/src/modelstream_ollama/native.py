"""The transport `native`: the core's own HTTP in the place of the SDK, which is never imported."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from modelstream.errors import BadRequestError, ConfigError, StreamError
from modelstream.hints import did_you_mean
from modelstream.wire.native import HttpRequest, apost, post
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
        for name in given:
            if name not in _CLIENT_ARGS:
                raise ConfigError(
                    f"client_args has {name!r}, which the native transport does not take."
                    f"{did_you_mean(name, _CLIENT_ARGS)}"
                    f"\nIt takes: {', '.join(_CLIENT_ARGS)}. The others need 'transport': 'sdk'."
                )
        limit = given["timeout"]
        if limit is not None and not (isinstance(limit, int | float) and limit > 0):
            raise ConfigError(f"timeout is {limit!r}: the native transport takes a number of seconds.")
        self._timeout = config.headers_limit(limit)
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
        try:
            sent = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise BadRequestError(f"the request can't be sent as JSON ({error})") from error
        return HttpRequest(self._server + PATH, self._headers, sent)


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
