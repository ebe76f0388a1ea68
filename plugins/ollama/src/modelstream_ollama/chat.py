"""The model wrapper `ollama_chat`."""

from __future__ import annotations

import importlib
import os
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from modelstream.errors import BadRequestError, ConfigError
from modelstream.wire import NdjsonFramer, WireWrapper
from modelstream.wire.clients import Clients
from modelstream.wire.httpx_streams import AsyncHttpxStream, HttpxStream
from modelstream_ollama.config import OllamaConfig
from modelstream_ollama.failures import unreachable, with_hint
from modelstream_ollama.frames import OllamaFrames
from modelstream_ollama.requests import body_of

if TYPE_CHECKING:
    from modelstream.config import ModelConfig
    from modelstream.errors import StreamError
    from modelstream.request import Request
    from modelstream.wire import AsyncByteStream, ByteStream

PATH = "/api/chat"
LONGEST_CONNECT = 5.0
"""Seconds to wait for a connection."""


class OllamaChat(WireWrapper):
    """Models that an Ollama server runs, on this machine or another.

    The SDK finds the server and holds the connections; what it makes of the answer (it splits lines inside
    text at U+2028, and drops the ids of tool calls) is not used: the bytes are read here.
    """

    model_type = "ollama_chat"
    config_class: ClassVar[type[OllamaConfig]] = OllamaConfig
    config: OllamaConfig
    framer = NdjsonFramer

    def __init__(self, config: Mapping[str, Any] | ModelConfig | None = None, /, **fields: Any) -> None:
        super().__init__(config, **fields)
        self.config = self.config.completed()
        arguments = self.config.for_client()
        self._clients: Clients[Any, Any] = Clients(
            lambda: _client("Client", arguments),
            lambda: _client("AsyncClient", arguments),
            lambda client: client.close(),
            lambda client: client.aclose(),
        )
        weakref.finalize(self, self._clients.close)

    def open(self, request: Request) -> HttpxStream:
        """Send the request through the SDK's HTTP client."""
        client = self._clients.client()
        try:
            return HttpxStream(client.send(self._asked(client, request), stream=True))
        except Exception as error:
            raise unreachable(error, client) from error

    async def aopen(self, request: Request) -> AsyncHttpxStream:
        """Send the request through the SDK's HTTP client of the running event loop."""
        client = await self._clients.of_this_loop()
        try:
            return AsyncHttpxStream(await client.send(self._asked(client, request), stream=True))
        except Exception as error:
            raise unreachable(error, client) from error

    def frame_reader(self, request: Request) -> OllamaFrames:
        """A new reader for the frames of one answer."""
        return OllamaFrames()

    def refusal(self, answer: ByteStream | AsyncByteStream, body: bytes) -> StreamError:
        """What the server says, with the way out where there is one."""
        return with_hint(super().refusal(answer, body), str(self.config.model_name))

    def _asked(self, client: Any, request: Request) -> Any:
        config = self.config
        limits = [client.timeout.read, config.first_delta_timeout, config.total_timeout]
        seconds = min((limit for limit in limits if limit is not None), default=None)
        connect = LONGEST_CONNECT if seconds is None else min(seconds, LONGEST_CONNECT)
        timeout = {"connect": connect, "read": seconds, "write": seconds, "pool": seconds}
        body = body_of(config, request)
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
