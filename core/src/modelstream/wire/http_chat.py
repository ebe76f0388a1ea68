"""The base class for wrappers of HTTP providers, built from a dialect and a config class."""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from modelstream.config import api_key
from modelstream.errors import ConfigError
from modelstream.request import bare_url
from modelstream.wire.dialect import ChatRequest
from modelstream.wire.http_config import CallOptions, HttpConfig, end_marker_of
from modelstream.wire.native.message import HttpRequest, as_json, merged, with_query
from modelstream.wire.response_formats import response_format
from modelstream.wire.setup import check_endpoint, check_headers, check_url
from modelstream.wire.transports import HttpxTransport, NativeTransport
from modelstream.wire.wrapper import WireWrapper

if TYPE_CHECKING:
    from modelstream.config import ModelConfig
    from modelstream.errors import StreamError
    from modelstream.request import Request
    from modelstream.wire.dialect import Dialect, WrittenRequest
    from modelstream.wire.ending import EndMarker
    from modelstream.wire.streams import AsyncByteStream, ByteStream
    from modelstream.wire.transports import Transport
    from modelstream.wire.wrapper import FrameReader

_CONTENT = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


class HttpChat(WireWrapper):
    """A wrapper for an HTTP provider.

        class MyChat(HttpChat):
            model_type = "my_chat"
            dialect = MyDialect()
            key_variables = ("MY_API_KEY",)
            default_base_url = "https://api.my.example/v1"

    The config's `transport` sends the requests; the dialect reads the bytes of the answers. Headers, timeout
    and extra body are taken out of a call's arguments and override those of the config. `write` turns a
    request into a body; override it, or `prepare`, where the dialect is not enough.
    """

    dialect: ClassVar[Dialect]
    config_class: ClassVar[type[HttpConfig]] = HttpConfig
    config: HttpConfig
    key_variables: ClassVar[tuple[str, ...]] = ()
    default_base_url: ClassVar[str] = ""
    base_url_variable: ClassVar[str] = ""
    """The environment variable with the base URL, used where the config has none."""

    def __init__(self, config: Mapping[str, Any] | ModelConfig | None = None, /, **fields: Any) -> None:
        super().__init__(config, **fields)
        self.config = msgspec.structs.replace(self.config, model_name=self.config.model())
        for field, url in self.addresses().items():
            if isinstance(url, str) and url:
                self.check_address(field, url)
        self._transport = self.transport()
        headers = {**self.base_headers(), **self.config_options().headers}
        check_headers(headers, "the model config", ConfigError)
        weakref.finalize(self, self._transport.close)

    def check_address(self, field: str, url: str) -> None:
        """Raise a `ConfigError` for a base URL that is invalid, or ends with the endpoint's path."""
        check_url(field, url, self.default_base_url or "https://api.example.com/v1")
        check_endpoint(field, url, self.dialect.routes, self.dialect.path)

    def addresses(self) -> dict[str, Any]:
        """The fields and variables in which the server's URL may be set, with their values."""
        args = getattr(self.config, "client_args", {})
        found = {name: getattr(self.config, name, None) for name in ("base_url", "host")}
        found |= {f"client_args.{name}": args.get(name) for name in ("base_url", "host")}
        if self.base_url_variable and not any(found.values()):
            found[self.base_url_variable] = os.environ.get(self.base_url_variable)
        return found

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        dialect = cls.__dict__.get("dialect")
        if dialect is not None and "framer" not in cls.__dict__:
            cls.framer = staticmethod(dialect.framing.framer)

    def transport(self) -> Transport:
        """The transport that sends the requests. Raises `ConfigError` for an unsupported one.

        Plugins override this to add `sdk`. The transport must not refer to the wrapper: it is closed when the
        wrapper is garbage collected.
        """
        if self.config.transport == "sdk":
            raise ConfigError(f"{self.model_type} has no transport 'sdk': choose 'native' or 'httpx'.")
        self.base_url()
        if self.key_variables:
            self.key()
        return HttpxTransport() if self.config.transport == "httpx" else NativeTransport()

    def open(self, request: Request) -> ByteStream:
        """Prepare the request and send it; return the answer once its headers have arrived."""
        with request.loading():
            self.load()
        http = self.prepare(request)
        return self._transport.open(http, self.config.headers_limit(http.timeout), request.on_cancel)

    async def aopen(self, request: Request) -> AsyncByteStream:
        """The same for coroutines."""
        with request.loading():
            await self.aload()
        http = await self.aprepare(request)
        return await self._transport.aopen(http, self.config.headers_limit(http.timeout))

    def load(self) -> None:
        """Import what a call needs, before its timeouts begin; does nothing from the second call on."""
        self._transport.load()

    async def aload(self) -> None:
        """The same for coroutines."""
        await self._transport.aload()

    def prepare(self, request: Request) -> HttpRequest:
        """The HTTP request of a call. Raises `BadRequestError` for values that JSON can't represent."""
        return self.http_request(request, self.key_headers(self.key()) if self.key_variables else {})

    async def aprepare(self, request: Request) -> HttpRequest:
        """The same for coroutines; override it if preparing blocks."""
        return self.prepare(request)

    def http_request(self, request: Request, key_headers: Mapping[str, str]) -> HttpRequest:
        """The HTTP request of a call; `key_headers` are the headers with the API key."""
        options, arguments = self.options(request)
        written = self.write(request, arguments)
        headers = self.base_headers()
        for over in (key_headers, written.headers, options.headers):
            headers = merged(headers, over)
        url = with_query(self.base_url(), written.path, options.query)
        # Dialects put state into their own fields. One that does not know of it must not send it.
        for message in written.body.get("messages") or ():
            if isinstance(message, dict):
                message.pop("provider_state", None)
        body = self.with_extra_body(written.body, options.extra_body)
        return HttpRequest(url, headers, as_json(body), body, options.timeout)

    def with_extra_body(self, body: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
        """`body` merged with `extra`, which takes precedence."""
        return {**body, **extra}

    def write(self, request: Request, arguments: dict[str, Any]) -> WrittenRequest:
        """The request in the provider's format; `arguments` are those of the call without its options."""
        model = arguments.pop("model", self.config.model_name)
        return self.dialect.write_request(ChatRequest(model, request.messages, arguments, request.stream))

    def options(self, request: Request) -> tuple[CallOptions, dict[str, Any]]:
        """The options of a call, merged over those of the config, and the call's other arguments."""
        options, arguments = CallOptions.taken_from(request.arguments)
        if "response_format" in arguments:
            arguments["response_format"] = response_format(arguments["response_format"])
        return options.over(self.config_options()), arguments

    def config_options(self) -> CallOptions:
        """The options that the config sets; override this for options in `client_args`."""
        return CallOptions.of_config(self.config)

    def base_headers(self) -> Mapping[str, str]:
        """The headers of every request; all others override them."""
        return _CONTENT

    def base_url(self) -> str:
        """The base URL of the server. Raises `ConfigError` if there is none."""
        variable = os.environ.get(self.base_url_variable) if self.base_url_variable else None
        url = self.config.base_url or variable or self.default_base_url
        if not url:
            raise ConfigError(
                f"{self.model_type} needs a server: set the field 'base_url' of the model config."
            )
        return url

    def state_owner(self) -> tuple[str, str]:
        """The dialect and the base URL."""
        return self.dialect.name, bare_url(self.base_url())

    def key(self) -> str:
        """The API key. Raises `MissingApiKeyError` if there is none."""
        return api_key(self.config.api_key, self.key_variables, model_type=self.model_type)

    def key_headers(self, key: str) -> dict[str, str]:
        """The headers with the API key."""
        return {"Authorization": f"Bearer {key}"}

    def frame_reader(self, request: Request) -> FrameReader:
        """The dialect's reader for the frames of one answer."""
        return self.dialect.reader()

    def end_marker(self) -> EndMarker | None:
        """What ends an answer without a finish reason: from the config, or known of the server."""
        return end_marker_of(self.config, self.config.base_url or self.default_base_url)

    def refusal(self, answer: ByteStream | AsyncByteStream, body: bytes) -> StreamError:
        """The error for a refusal, as the dialect reads it."""
        return self.dialect.read_refusal(answer.status, body, answer.headers)
