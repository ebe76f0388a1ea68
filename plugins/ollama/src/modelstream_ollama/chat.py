"""The model wrapper `ollama_chat`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from modelstream.errors import ConfigError, StreamError
from modelstream.wire import (
    CallOptions,
    HttpChat,
    HttpxTransport,
    NativeTransport,
    NdjsonFramer,
    WrittenRequest,
    check_client_args,
    mapping,
    refusal_of,
    timeout_seconds,
)
from modelstream_ollama.addresses import server_at
from modelstream_ollama.config import OllamaConfig
from modelstream_ollama.failures import unreachable, with_hint
from modelstream_ollama.frames import OllamaFrames
from modelstream_ollama.requests import PATH, body_of

if TYPE_CHECKING:
    from modelstream.config import ModelConfig
    from modelstream.request import Request
    from modelstream.wire import AsyncByteStream, ByteStream, Transport

_CLIENT_ARGS = ("headers", "host", "timeout")


class OllamaChat(HttpChat):
    """Models that an Ollama server runs, on this machine or another.

    With the transport `sdk`, the SDK's client knows the server and sends the requests.
    """

    model_type = "ollama_chat"
    config_class: ClassVar[type[OllamaConfig]] = OllamaConfig
    config: OllamaConfig
    framer = NdjsonFramer

    def __init__(self, config: Mapping[str, Any] | ModelConfig | None = None, /, **fields: Any) -> None:
        super().__init__(config, **fields)
        self.config = self.config.completed()

    def transport(self) -> Transport:
        """What sends the requests."""
        given = self.config.for_client()
        self.config_options()
        if self.config.transport == "sdk":
            from modelstream_ollama.sdk import clients

            self._server = ""
            return HttpxTransport(clients(given))
        check_client_args(given, _CLIENT_ARGS)
        self._server = server_at(given["host"])
        return NativeTransport()

    def open(self, request: Request) -> ByteStream:
        """Send the request; its answer once the headers are there."""
        try:
            return super().open(request)
        except StreamError as error:
            raise unreachable(error, self._address()) from error.__cause__

    async def aopen(self, request: Request) -> AsyncByteStream:
        """The same for coroutines."""
        try:
            return await super().aopen(request)
        except StreamError as error:
            raise unreachable(error, self._address()) from error.__cause__

    def write(self, request: Request, arguments: dict[str, Any]) -> WrittenRequest:
        """The JSON of `/api/chat`."""
        return WrittenRequest(PATH, body_of(self.config, request, arguments))

    def config_options(self) -> CallOptions:
        """The options that the config sets, over those in `client_args`."""
        args = self.config.client_args
        headers = mapping(args.get("headers"), "client_args.headers", ConfigError)
        under = CallOptions(headers=headers, timeout=timeout_seconds(args.get("timeout")))
        return super().config_options().over(under)

    def base_url(self) -> str:
        """The server's address; empty where the SDK's client knows it."""
        return self._server

    def _address(self) -> str:
        return self._server or server_at(self.config.for_client()["host"])

    def base_headers(self) -> Mapping[str, str]:
        """The headers of every request, the key's among them if there is one."""
        key = self.config.key()
        headers = {"Content-Type": "application/json", "Accept": "application/x-ndjson"}
        return {**headers, "Authorization": f"Bearer {key}"} if key else headers

    def frame_reader(self, request: Request) -> OllamaFrames:
        """A new reader for the frames of one answer."""
        return OllamaFrames()

    def refusal(self, answer: ByteStream | AsyncByteStream, body: bytes) -> StreamError:
        """What the server says, with the way out where there is one."""
        return with_hint(refusal_of(answer, body), str(self.config.model_name))
