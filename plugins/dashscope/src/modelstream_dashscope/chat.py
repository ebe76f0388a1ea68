"""The model wrapper `dashscope_chat`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from modelstream.wire import (
    CallOptions,
    ChatRequest,
    HttpChat,
    NativeTransport,
    WrittenRequest,
    check_client_args,
    check_no_retries,
    split_query,
    timeout_seconds,
)
from modelstream_dashscope.config import DashScopeConfig
from modelstream_dashscope.dialect import DashScopeDialect

if TYPE_CHECKING:
    from modelstream.request import Request
    from modelstream.wire import Transport

_CLIENT_ARGS = ("api_key", "base_url", "max_retries", "timeout", "workspace")


class DashScopeChat(HttpChat):
    """The Qwen models, and others, of Alibaba Cloud's DashScope.

    With the transport `sdk`, the SDK sends the request. An SDK older than its own clients only builds it, and
    a plain HTTP client sends it.
    """

    model_type = "dashscope_chat"
    config_class: ClassVar[type[DashScopeConfig]] = DashScopeConfig
    config: DashScopeConfig
    dialect: ClassVar[DashScopeDialect] = DashScopeDialect()
    key_variables = ("DASHSCOPE_API_KEY",)
    default_base_url = "https://dashscope.aliyuncs.com/api/v1"

    def transport(self) -> Transport:
        """What sends the requests."""
        arguments = self.config.for_client()
        self.config_options()
        if self.config.transport == "sdk":
            from modelstream_dashscope.sdk import SdkTransport

            if arguments.get("base_url"):
                arguments["base_url"] = split_query(str(arguments["base_url"]))[0]
            return SdkTransport(arguments)
        check_client_args(arguments, _CLIENT_ARGS)
        check_no_retries(arguments)
        return NativeTransport()

    def write(self, request: Request, arguments: dict[str, Any]) -> WrittenRequest:
        """The dialect's request, to the endpoint that the config picks, if it does."""
        model = arguments.pop("model", self.config.model_name)
        chat_request = ChatRequest(model, request.messages, arguments, request.stream)
        return self.dialect.write_request(chat_request, multimodal=self.config.multimodal)

    def with_extra_body(self, body: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
        """`body` with `extra`; `input` and `parameters` keep the fields that `extra` does not name."""
        merged = {**body, **extra}
        for name in body.keys() & extra.keys():
            if isinstance(body[name], Mapping) and isinstance(extra[name], Mapping):
                merged[name] = {**body[name], **extra[name]}
        return merged

    def config_options(self) -> CallOptions:
        """The options that the config sets, over those in `client_args`."""
        query = {}
        if self.config.transport == "sdk":
            query = split_query(str(self.config.for_client().get("base_url") or ""))[1]
        under = CallOptions(query=query, timeout=timeout_seconds(self.config.client_args.get("timeout")))
        return super().config_options().over(under)

    def base_url(self) -> str:
        """The server's address; empty where the SDK knows it."""
        if self.config.transport == "sdk":
            return ""
        return str(self.config.for_client().get("base_url") or self.default_base_url)

    def base_headers(self) -> Mapping[str, str]:
        """The headers of every request; the SDK has its own."""
        if self.config.transport == "sdk":
            return {}
        workspace = self.config.client_args.get("workspace")
        named = {"X-DashScope-WorkSpace": workspace} if workspace else {}
        return {**super().base_headers(), "Accept": "application/json", **named}

    def key(self) -> str:
        """The key. Raises `MissingApiKeyError`."""
        return str(self.config.for_client()["api_key"])

    def key_headers(self, key: str) -> dict[str, str]:
        """The headers that carry the key, which the SDK sends by itself."""
        return {} if self.config.transport == "sdk" else super().key_headers(key)
