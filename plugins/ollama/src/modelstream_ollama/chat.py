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
    bare_url,
    check_client_args,
    check_endpoint,
    mapping,
    split_query,
    timeout_seconds,
)
from modelstream_ollama.addresses import server_at
from modelstream_ollama.config import OllamaConfig
from modelstream_ollama.dialect import OllamaDialect
from modelstream_ollama.failures import unreachable
from modelstream_ollama.requests import split_options

if TYPE_CHECKING:
    from modelstream.config import ModelConfig
    from modelstream.request import Request
    from modelstream.wire import AsyncByteStream, ByteStream, Transport, WrittenRequest

_CLIENT_ARGS = ("headers", "host", "timeout")


class OllamaChat(HttpChat):
    """Models that an Ollama server runs, on this machine or another.

    With the transport `sdk`, the SDK's client knows the server and sends the requests.
    """

    model_type = "ollama_chat"
    config_class: ClassVar[type[OllamaConfig]] = OllamaConfig
    config: OllamaConfig
    dialect = OllamaDialect()
    base_url_variable = "OLLAMA_HOST"

    def __init__(self, config: Mapping[str, Any] | ModelConfig | None = None, /, **fields: Any) -> None:
        super().__init__(config, **fields)
        self.config = self.config.completed()
        self.base_headers()  # checks the key

    def check_address(self, field: str, url: str) -> None:
        """Raise a `ConfigError` for an invalid address, of which any part may be omitted."""
        server_at(url, field)
        check_endpoint(field, url, self.dialect.routes, self.dialect.path)

    def transport(self) -> Transport:
        """What sends the requests."""
        client_args = self.config.for_client()
        self.config_options()
        if self.config.transport == "sdk":
            from modelstream_ollama.sdk import clients

            self._server = ""
            return HttpxTransport(clients(client_args))
        check_client_args(client_args, _CLIENT_ARGS)
        self._server = server_at(client_args["host"])
        return NativeTransport()

    def open(self, request: Request) -> ByteStream:
        """Send the request and return its answer as soon as the headers have arrived."""
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
        """The dialect's request, with what the config sets under the arguments of the call."""
        named, options = split_options(arguments)
        options = {**(self.config.options or {}), **options}
        return super().write(request, {"keep_alive": self.config.keep_alive, **named, "options": options})

    def config_options(self) -> CallOptions:
        """The options that the config sets, over those in `client_args`."""
        args = self.config.client_args
        headers = mapping(args.get("headers"), "client_args.headers", ConfigError)
        address = next((one for one in self.addresses().values() if one), "")
        query = split_query(str(address))[1]
        under = CallOptions(headers=headers, query=query, timeout=timeout_seconds(args.get("timeout")))
        return super().config_options().over(under)

    def state_owner(self) -> tuple[str, str]:
        """The dialect and the server's address."""
        return self.dialect.name, bare_url(self._address())

    def accepts_reasoning(self) -> bool:
        """Whether messages may have `thinking`: Ollama ignores it for models that do not think."""
        return True

    def base_url(self) -> str:
        """The server's address; empty with the transport `sdk`, whose client knows it."""
        return self._server

    def _address(self) -> str:
        return self._server or server_at(self.config.for_client()["host"])

    def base_headers(self) -> Mapping[str, str]:
        """The headers of every request, with the key if there is one."""
        key = self.config.key()
        headers = {"Content-Type": "application/json", "Accept": "application/x-ndjson"}
        return {**headers, "Authorization": f"Bearer {key}"} if key else headers
