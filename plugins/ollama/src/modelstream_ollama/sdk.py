"""The transport `sdk`: the SDK finds the server and holds the connections."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelstream.errors import BadRequestError, ConfigError
from modelstream.wire.clients import Clients
from modelstream.wire.httpx_streams import AsyncHttpxStream, HttpxStream
from modelstream.wire.limits import httpx_timeout
from modelstream_ollama.failures import unreachable
from modelstream_ollama.requests import PATH

if TYPE_CHECKING:
    from modelstream.request import Request
    from modelstream_ollama.config import OllamaConfig


class SdkTransport:
    """Sends requests through the HTTP clients of the SDK's clients.

    What the SDK makes of the answer (it splits lines inside text at U+2028, and drops the ids of tool calls)
    is not used: the bytes are read by the core.
    """

    def __init__(self, config: OllamaConfig) -> None:
        self._config = config
        arguments = config.for_client()
        self._clients: Clients[Any, Any] = Clients(
            lambda: _client("Client", arguments),
            lambda: _client("AsyncClient", arguments),
            lambda client: client.close(),
            lambda client: client.aclose(),
        )
        self.close = self._clients.close

    def open(self, body: dict[str, Any], request: Request) -> HttpxStream:
        """Send the request; its answer once the headers are there. Raises `StreamError`s."""
        client = self._clients.client()
        try:
            return HttpxStream(client.send(self._asked(client, body), stream=True))
        except Exception as error:
            raise unreachable(error, str(client.base_url)) from error

    async def aopen(self, body: dict[str, Any], request: Request) -> AsyncHttpxStream:
        """The same for coroutines."""
        client = await self._clients.of_this_loop()
        try:
            return AsyncHttpxStream(await client.send(self._asked(client, body), stream=True))
        except Exception as error:
            raise unreachable(error, str(client.base_url)) from error

    def _asked(self, client: Any, body: dict[str, Any]) -> Any:
        timeout = httpx_timeout(self._config.headers_limit(client.timeout.read))
        try:
            return client.build_request("POST", PATH, json=body, extensions={"timeout": timeout})
        except (TypeError, ValueError) as error:
            raise BadRequestError(f"the request can't be sent as JSON ({error})") from error


def _client(kind: str, arguments: Mapping[str, Any]) -> Any:
    """The HTTP client of the SDK's `kind`, which knows the server's address and the headers."""
    sdk = _sdk()
    try:
        return getattr(sdk, kind)(**arguments)._client  # noqa: SLF001 - the SDK has no other way to bytes
    except (TypeError, ValueError) as error:
        host = arguments.get("host") or os.environ.get("OLLAMA_HOST")
        raise ConfigError(
            f"the ollama SDK can't make a client for the host {host!r} with these client_args ({error}).\n"
            "A host is an address such as http://127.0.0.1:11434."
        ) from error


def _sdk() -> Any:
    try:
        return importlib.import_module("ollama")
    except ValueError as error:
        # It makes a client when it is imported, whether or not anybody wants that one.
        raise ConfigError(
            f"OLLAMA_HOST is {os.environ.get('OLLAMA_HOST')!r}, which is no address ({error}).\n"
            "An address is http://127.0.0.1:11434, or a part of it."
        ) from error
