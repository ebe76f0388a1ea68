"""The model wrapper `gemini_chat`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, overload

import msgspec

from modelstream.wire import (
    CallOptions,
    HttpChat,
    HttpRequest,
    HttpxTransport,
    NativeTransport,
    bare_url,
    merged,
    split_query,
    with_query,
)
from modelstream_gemini.backends import backend_for
from modelstream_gemini.config import BASE_URL, VERTEX_URL, GeminiConfig
from modelstream_gemini.dialect.arguments import fields_of, to_options
from modelstream_gemini.dialect.calls import prepare_call
from modelstream_gemini.dialect.dialect import GeminiDialect
from modelstream_gemini.dialect.frames import GeminiFrames
from modelstream_gemini.dialect.signatures import Signatures
from modelstream_gemini.http_options import call_options

if TYPE_CHECKING:
    from modelstream.config import ModelConfig
    from modelstream.request import Request
    from modelstream.response import (
        AsyncModelResponse,
        AsyncStreamedResponse,
        ModelResponse,
        StreamedResponse,
    )
    from modelstream.wire import Transport
    from modelstream_gemini.dialect.calls import PreparedCall


class GeminiChat(HttpChat):
    """Google's Gemini models.

    With the transport `sdk`, one of Google's SDKs builds the requests, and httpx sends them: the SDKs' own
    clients are one chunk late and have no async, or accept a truncated answer as a complete one.
    """

    model_type = "gemini_chat"
    config_class: ClassVar[type[GeminiConfig]] = GeminiConfig
    config: GeminiConfig
    dialect = GeminiDialect()
    default_base_url = BASE_URL
    base_url_variable = "GOOGLE_GEMINI_BASE_URL"

    def __init__(self, config: Mapping[str, Any] | ModelConfig | None = None, /, **fields: Any) -> None:
        super().__init__(config, **fields)
        self._signatures = Signatures()

    @overload
    def __call__(
        self,
        messages: Any = None,
        *,
        contents: Any = None,
        stream: Literal[True],
        raw: bool = False,
        **arguments: Any,
    ) -> StreamedResponse: ...

    @overload
    def __call__(
        self,
        messages: Any = None,
        *,
        contents: Any = None,
        stream: bool | None = None,
        raw: bool = False,
        **arguments: Any,
    ) -> ModelResponse: ...

    def __call__(
        self,
        messages: Any = None,
        *,
        contents: Any = None,
        stream: bool | None = None,
        raw: bool = False,
        **arguments: Any,
    ) -> ModelResponse:
        """Call the model with `messages`, or with `contents` as in Google's SDKs."""
        messages, arguments = _one_of(messages, contents, arguments)
        return super().__call__(messages, stream=stream, raw=raw, **arguments)

    @overload
    async def acall(
        self,
        messages: Any = None,
        *,
        contents: Any = None,
        stream: Literal[True],
        raw: bool = False,
        **arguments: Any,
    ) -> AsyncStreamedResponse: ...

    @overload
    async def acall(
        self,
        messages: Any = None,
        *,
        contents: Any = None,
        stream: bool | None = None,
        raw: bool = False,
        **arguments: Any,
    ) -> AsyncModelResponse: ...

    async def acall(
        self,
        messages: Any = None,
        *,
        contents: Any = None,
        stream: bool | None = None,
        raw: bool = False,
        **arguments: Any,
    ) -> AsyncModelResponse:
        """Call the model from a coroutine; like calling the wrapper otherwise."""
        messages, arguments = _one_of(messages, contents, arguments)
        return await super().acall(messages, stream=stream, raw=raw, **arguments)

    def transport(self) -> Transport:
        """The transport that sends the requests; a back end builds them."""
        config = self.config
        if config.base_url:
            config = msgspec.structs.replace(config, base_url=split_query(config.base_url)[0])
        self._backend = backend_for(config)
        return NativeTransport() if self.config.transport == "native" else HttpxTransport()

    def load(self) -> None:
        """Import the SDK, if it builds the requests."""
        self._backend.load()
        super().load()

    async def aload(self) -> None:
        """The same for coroutines."""
        from asyncio import to_thread

        if self.config.transport == "sdk":
            # In a thread, because the first call imports the SDK.
            await to_thread(self._backend.load)
        await super().aload()

    def prepare(self, request: Request) -> HttpRequest:
        """The HTTP request of a call. Raises `StreamError`s and `ConfigError`s."""
        options, arguments = self.options(request)
        if options.extra_body:
            arguments["extra_body"] = options.extra_body
        http = self._backend.prepare(self._prepared_call(request, arguments))
        url = with_query(http.url, "", options.query)
        return HttpRequest(url, merged(http.headers, options.headers), http.body, timeout=options.timeout)

    async def aprepare(self, request: Request) -> HttpRequest:
        """The same for coroutines."""
        from asyncio import to_thread

        if self.config.transport == "native":
            return self.prepare(request)
        # In a thread: the SDK's import takes a second, and for Vertex AI it may fetch a token.
        return await to_thread(self.prepare, request)

    def options(self, request: Request) -> tuple[CallOptions, dict[str, Any]]:
        """The options of a call, its `http_options` among them, over those of the config."""
        options, arguments = CallOptions.taken_from(to_options(request.arguments))
        of_call = call_options(arguments.get("http_options"), "http_options", self.config)
        return options.over(of_call).over(self.config_options()), arguments

    def config_options(self) -> CallOptions:
        """The options that the config sets, over those in `client_args`."""
        options = self.config.client_args.get("http_options")
        under = call_options(options, "client_args.http_options", self.config)
        under = under._replace(query=split_query(self.config.base_url or "")[1])
        return super().config_options().over(under)

    def state_owner(self) -> tuple[str, str]:
        """The dialect, and the URL of the API, or of Vertex AI."""
        return self.state_owner_of(self.config.generate_args)

    def state_owner_of(self, arguments: Mapping[str, Any]) -> tuple[str, str]:
        """The same for a call, whose `http_options` may name another URL."""
        of_config = self.config.client_args.get("http_options")
        url = (
            _url_in(to_options(arguments).get("http_options"), "http_options")
            or self.config.base_url
            or _url_in(of_config, "client_args.http_options")
        )
        if not url:
            variable = "GOOGLE_VERTEX_BASE_URL" if self.config.on_vertex else "GOOGLE_GEMINI_BASE_URL"
            url = os.environ.get(variable) or (VERTEX_URL if self.config.on_vertex else BASE_URL)
        return self.dialect.name, bare_url(str(url))

    def frame_reader(self, request: Request) -> GeminiFrames:
        """A new reader; it keeps the signatures of calls for the next request."""
        return GeminiFrames(self._signatures_for(request.arguments), request.raw_chunks)

    def _prepared_call(self, request: Request, options: dict[str, Any]) -> PreparedCall:
        model = self.config.model_name or ""
        signatures = self._signatures_for(request.arguments)
        return prepare_call(model, request.messages, options, signatures, stream=request.stream)

    def _signatures_for(self, arguments: Mapping[str, Any]) -> Signatures:
        """The signatures known of the server of a call: none if its arguments name another one."""
        own = self.state_owner_of(arguments) == self.state_owner()
        return self._signatures if own else Signatures()


def _url_in(http_options: Any, field: str) -> Any:
    options = fields_of(http_options, field)
    return options.get("base_url") or options.get("baseUrl")


def _one_of(messages: Any, contents: Any, arguments: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The messages, and the arguments with the contents among them."""
    if messages is not None and contents is not None:
        raise TypeError("gemini_chat accepts messages or contents, not both")
    if messages is None and contents is None:
        raise TypeError("gemini_chat is called without messages (or contents)")
    if _has_sdk_objects(messages):
        # Code written for AgentScope passes the contents as the first argument.
        messages, contents = None, messages
    return messages, arguments if contents is None else {**arguments, "contents": contents}


def _has_sdk_objects(messages: Any) -> bool:
    """Whether `messages` contains other objects than messages: contents, parts, pictures."""
    if isinstance(messages, list | tuple):
        return any(map(_has_sdk_objects, messages))
    return not (
        messages is None or isinstance(messages, str | Mapping) or hasattr(messages, "to_chat_messages")
    )
