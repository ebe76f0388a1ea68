"""The model wrapper `openai_chat`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from modelstream.errors import ConfigError
from modelstream.wire import (
    CallOptions,
    HttpChat,
    HttpRequest,
    NativeTransport,
    OpenAIDialect,
    check_client_args,
    check_no_retries,
    end_marker_of,
    mapping,
    timeout_seconds,
    tool_choice,
)
from modelstream_openai.config import OpenAIConfig, with_default_query
from modelstream_openai.keys import aresolve_key, resolve_key

if TYPE_CHECKING:
    from modelstream.request import Request
    from modelstream.wire import AsyncByteStream, ByteStream, EndMarker, Transport, WrittenRequest

_CLIENT_ARGS = (
    "api_key",
    "base_url",
    "default_headers",
    "default_query",
    "max_retries",
    "organization",
    "project",
    "timeout",
)
_ACCOUNT_HEADERS = (
    ("OpenAI-Organization", "organization", "OPENAI_ORG_ID"),
    ("OpenAI-Project", "project", "OPENAI_PROJECT_ID"),
)

_WITHOUT_REASONING = (
    "groq.com",
    "mistral.ai",
    "moonshot.ai",
    "moonshot.cn",
    "openai.azure.com",
    "openai.com",
)
"""Domains whose servers answer a message that has `reasoning_content` with an error."""


class OpenAIChat(HttpChat):
    """OpenAI, and every server with the same chat completions API.

    Unknown arguments of a call are sent unchanged, and the server validates them. With the transport `sdk`,
    the SDK's client knows the server and the key, and sends the requests.
    """

    model_type = "openai_chat"
    config_class: ClassVar[type[OpenAIConfig]] = OpenAIConfig
    config: OpenAIConfig
    dialect = OpenAIDialect()
    default_base_url = "https://api.openai.com/v1"
    base_url_variable = "OPENAI_BASE_URL"
    _usage_on_request = True

    def transport(self) -> Transport:
        """What sends the requests."""
        arguments = self._client_args = self.config.for_client()
        if self.config.transport == "sdk":
            from modelstream_openai.sdk import SdkTransport

            return SdkTransport(with_default_query(arguments))
        check_client_args(arguments, _CLIENT_ARGS)
        check_no_retries(arguments)
        return NativeTransport()

    def open(self, request: Request) -> ByteStream:
        """Send the request, and again without `stream_options` if the server does not support them."""
        answer = super().open(request)
        if self._may_refuse_usage(request, answer):
            body = answer.read()
            answer.close()
            if not _names_usage(body):
                raise self.refusal(answer, body)
            self._usage_on_request = False
            return super().open(request)
        return answer

    async def aopen(self, request: Request) -> AsyncByteStream:
        """The same for coroutines."""
        answer = await super().aopen(request)
        if self._may_refuse_usage(request, answer):
            body = await answer.aread()
            await answer.aclose()
            if not _names_usage(body):
                raise self.refusal(answer, body)
            self._usage_on_request = False
            return await super().aopen(request)
        return answer

    def prepare(self, request: Request) -> HttpRequest:
        """The HTTP request of a call, or the arguments from which the SDK builds it."""
        if self.config.transport == "sdk":
            return self._sdk_request(request)
        return self.http_request(request, self.key_headers(resolve_key(self._client_args["api_key"])))

    async def aprepare(self, request: Request) -> HttpRequest:
        """The same for coroutines, which may await the key."""
        if self.config.transport == "sdk":
            return self._sdk_request(request)
        return self.http_request(request, self.key_headers(await aresolve_key(self._client_args["api_key"])))

    def write(self, request: Request, arguments: dict[str, Any]) -> WrittenRequest:
        """The dialect's request, without `stream_options` if the server does not support them."""
        if "tool_choice" in arguments:
            arguments["tool_choice"] = tool_choice(arguments["tool_choice"])
        by_caller = "stream_options" in arguments
        options = mapping(arguments.get("stream_options"), "stream_options")
        if options and request.stream:
            arguments["stream_options"] = {"include_usage": True, **options}
        written = super().write(request, arguments)
        # None is for servers that do not support them.
        if not options and (by_caller or not self._usage_on_request):
            written.body.pop("stream_options", None)
        return written

    def config_options(self) -> CallOptions:
        """The options that the config sets, over those in `client_args`."""
        args = self.config.client_args
        under = CallOptions(
            headers=mapping(args.get("default_headers"), "client_args.default_headers", ConfigError),
            query=mapping(args.get("default_query"), "client_args.default_query", ConfigError),
            timeout=timeout_seconds(args.get("timeout")),
        )
        return super().config_options().over(under)

    def base_url(self) -> str:
        """The server's address: the config's, the environment's, or OpenAI's."""
        url = self._client_args.get("base_url") or os.environ.get(self.base_url_variable)
        return str(url or self.default_base_url)

    def end_marker(self) -> EndMarker | None:
        """What ends an answer without a finish reason: from the config, or known of the server."""
        return end_marker_of(self.config, self.base_url())

    def accepts_reasoning(self) -> bool:
        """Whether the server accepts `reasoning_content` in messages: all but those known to refuse it."""
        host = urlsplit(self.base_url()).hostname or ""
        return not any(host == one or host.endswith(f".{one}") for one in _WITHOUT_REASONING)

    def base_headers(self) -> Mapping[str, str]:
        """The headers of every request, with those that name the account."""
        headers = dict(super().base_headers())
        for name, argument, variable in _ACCOUNT_HEADERS:
            if value := self._client_args.get(argument) or os.environ.get(variable):
                headers[name] = value
        return headers

    def _sdk_request(self, request: Request) -> HttpRequest:
        options, arguments = self.options(request)
        document = {
            **self.write(request, arguments).body,
            "extra_headers": options.headers,
            "extra_query": options.query,
            "extra_body": options.extra_body,
        }
        return HttpRequest("", {}, b"", document, options.timeout)

    def _may_refuse_usage(self, request: Request, answer: ByteStream | AsyncByteStream) -> bool:
        added = request.stream and "stream_options" not in request.arguments
        return added and self._usage_on_request and 400 <= answer.status < 500


def _names_usage(body: bytes) -> bool:
    """Whether an HTTP error is about the `stream_options` that this wrapper has added."""
    return b"stream_options" in body or b"include_usage" in body
