"""The model wrapper `zhipuai_chat`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from modelstream.errors import ConfigError
from modelstream.wire import (
    CallOptions,
    HttpChat,
    HttpxTransport,
    NativeTransport,
    bare_url,
    check_client_args,
    check_no_retries,
    mapping,
    merged,
    timeout_seconds,
    uncapped_clients,
)
from modelstream_zhipuai.addresses import REGIONS, server_url
from modelstream_zhipuai.config import ZhipuAIConfig
from modelstream_zhipuai.dialect import ZhipuAIDialect
from modelstream_zhipuai.requests import write_messages
from modelstream_zhipuai.signing import signed_token, split_key

if TYPE_CHECKING:
    from modelstream.request import Request
    from modelstream.wire import HttpRequest, Transport

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

    With the transport `sdk`, zai-sdk or the older zhipuai builds the requests, and httpx sends them.
    """

    model_type = "zhipuai_chat"
    config_class: ClassVar[type[ZhipuAIConfig]] = ZhipuAIConfig
    config: ZhipuAIConfig
    dialect = ZhipuAIDialect()
    key_variables = ("ZHIPUAI_API_KEY", "ZAI_API_KEY")
    default_base_url = REGIONS["cn"]

    def transport(self) -> Transport:
        """What sends the requests."""
        native = self.config.transport != "sdk"
        if native:
            check_client_args(self.config.client_args, _CLIENT_ARGS)
        client_args = self.config.for_client()
        self.config_options()
        if not native:
            from modelstream_zhipuai.sdk import RequestBuilder

            self._builder = RequestBuilder(self.config)
            return HttpxTransport(uncapped_clients(follow_redirects=True))
        check_no_retries(client_args)
        self._url = server_url(self.config, str(client_args.get("base_url") or "") or None)
        self._signs = not client_args.get("disable_token_cache", True)
        if self._signs:
            split_key(client_args["api_key"])
        return NativeTransport()

    def load(self) -> None:
        """Import the SDK, if it builds the requests."""
        if self.config.transport == "sdk":
            self._builder.load()
        super().load()

    async def aload(self) -> None:
        """The same for coroutines."""
        from asyncio import to_thread

        if self.config.transport == "sdk":
            # In a thread, because the first call imports the SDK.
            await to_thread(self._builder.load)
        await super().aload()

    def prepare(self, request: Request) -> HttpRequest:
        """The HTTP request of a call, built by the SDK unless the transport is `native`."""
        if self.config.transport != "sdk":
            return super().prepare(request)
        options, arguments = self.options(request)
        return self._builder.build(
            write_messages(request.messages), arguments, options, stream=request.stream
        )

    async def aprepare(self, request: Request) -> HttpRequest:
        """The same for coroutines."""
        from asyncio import to_thread

        if self.config.transport != "sdk":
            return self.prepare(request)
        # In a thread, because the first request imports the SDK.
        return await to_thread(self.prepare, request)

    def config_options(self) -> CallOptions:
        """The options that the config sets, over those in `client_args`."""
        args = self.config.client_args
        headers = mapping(args.get("custom_headers"), "client_args.custom_headers", ConfigError)
        timeout = timeout_seconds(args.get("timeout"))
        return super().config_options().over(CallOptions(headers=headers, timeout=timeout))

    def state_owner(self) -> tuple[str, str]:
        """The dialect and the server's URL."""
        url = str(self.config.for_client().get("base_url") or "") or None
        return self.dialect.name, bare_url(server_url(self.config, url))

    def accepts_reasoning(self) -> bool:
        """Whether messages may have `reasoning_content`."""
        return True

    def base_url(self) -> str:
        """The server's URL: the config's, the environment's, or the region's."""
        return self._url

    def base_headers(self) -> Mapping[str, str]:
        """The headers that the SDK would send, except those with its name."""
        headers = {"Accept": "application/json", "Content-Type": "application/json; charset=UTF-8"}
        if self.config.region == "international" and self.config.sdk != "zhipuai":
            headers["Accept-Language"] = "en-US,en"
        channel = self.config.client_args.get("source_channel")
        return merged(headers, {"x-source-channel": channel} if channel else {})

    def key(self) -> str:
        """The key, or a token signed with it. Raises `MissingApiKeyError`."""
        key: str = self.config.for_client()["api_key"]
        return signed_token(key) if self._signs else key
