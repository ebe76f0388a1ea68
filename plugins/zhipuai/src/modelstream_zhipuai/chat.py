"""The model wrapper `zhipuai_chat`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from modelstream.errors import ConfigError
from modelstream.wire import (
    CallOptions,
    HttpChat,
    HttpxTransport,
    NativeTransport,
    SseFramer,
    WrittenRequest,
    check_client_args,
    check_no_retries,
    mapping,
    merged,
    refusal_of,
    timeout_seconds,
    uncapped_clients,
)
from modelstream_zhipuai.addresses import ENDPOINT, server_of
from modelstream_zhipuai.body import body_of
from modelstream_zhipuai.config import ZhipuAIConfig
from modelstream_zhipuai.frames import ZhipuAIFrames, by_code
from modelstream_zhipuai.signing import parted, token_of

if TYPE_CHECKING:
    from modelstream.errors import StreamError
    from modelstream.request import Request
    from modelstream.wire import AsyncByteStream, ByteStream, HttpRequest, Transport

_CLIENT_ARGS = (
    "api_key",
    "base_url",
    "custom_headers",
    "disable_token_cache",
    "max_retries",
    "source_channel",
    "timeout",
)


class ZhipuAIChat(HttpChat):
    """The GLM models of ZhipuAI, in China and as Z.ai elsewhere.

    With the transport `sdk`, zai-sdk or the older zhipuai makes the requests, and httpx sends them.
    """

    model_type = "zhipuai_chat"
    config_class: ClassVar[type[ZhipuAIConfig]] = ZhipuAIConfig
    config: ZhipuAIConfig
    framer = SseFramer
    key_variables = ("ZHIPUAI_API_KEY", "ZAI_API_KEY")

    def transport(self) -> Transport:
        """What sends the requests."""
        native = self.config.transport != "sdk"
        if native:
            check_client_args(self.config.client_args, _CLIENT_ARGS)
        given = self.config.for_client()
        self.config_options()
        if not native:
            from modelstream_zhipuai.asking import Asker

            self._asker = Asker(self.config)
            return HttpxTransport(uncapped_clients(follow_redirects=True))
        check_no_retries(given)
        self._url = server_of(self.config, str(given.get("base_url") or "") or None)
        self._signs = not given.get("disable_token_cache", True)
        if self._signs:
            parted(given["api_key"])
        return NativeTransport()

    def prepare(self, request: Request) -> HttpRequest:
        """The HTTP request of a call, made by the SDK if there is one."""
        if self.config.transport != "sdk":
            return super().prepare(request)
        options, arguments = self.options(request)
        return self._asker.request(request.messages, arguments, options, stream=request.stream)

    async def aprepare(self, request: Request) -> HttpRequest:
        """The same for coroutines."""
        from asyncio import to_thread

        if self.config.transport != "sdk":
            return self.prepare(request)
        # In a thread: the first one imports the SDK.
        return await to_thread(self.prepare, request)

    def write(self, request: Request, arguments: dict[str, Any]) -> WrittenRequest:
        """The JSON that the SDKs would send."""
        return WrittenRequest(ENDPOINT, body_of(self.config.model_name, request, arguments))

    def config_options(self) -> CallOptions:
        """The options that the config sets, over those in `client_args`."""
        args = self.config.client_args
        headers = mapping(args.get("custom_headers"), "client_args.custom_headers", ConfigError)
        timeout = timeout_seconds(args.get("timeout"))
        return super().config_options().over(CallOptions(headers=headers, timeout=timeout))

    def base_url(self) -> str:
        """The server's address: the config's, the environment's, or the region's."""
        return self._url

    def base_headers(self) -> Mapping[str, str]:
        """What the SDK would send, but for the headers in which it names itself."""
        headers = {"Accept": "application/json", "Content-Type": "application/json; charset=UTF-8"}
        if self.config.region == "international" and self.config.sdk != "zhipuai":
            headers["Accept-Language"] = "en-US,en"
        channel = self.config.client_args.get("source_channel")
        return merged(headers, {"x-source-channel": channel} if channel else {})

    def key(self) -> str:
        """The key, or the token signed with it. Raises `MissingApiKeyError`."""
        key: str = self.config.for_client()["api_key"]
        return token_of(key) if self._signs else key

    def frame_reader(self, request: Request) -> ZhipuAIFrames:
        """A new reader for the frames of one answer."""
        return ZhipuAIFrames()

    def refusal(self, answer: ByteStream | AsyncByteStream, body: bytes) -> StreamError:
        """The error by the provider's own code, which says more than the status."""
        error = by_code(refusal_of(answer, body))
        if error.status == 404 and error.code is None:
            error.message += "\nIs base_url right? It is the address up to and with /v4."
        return error
