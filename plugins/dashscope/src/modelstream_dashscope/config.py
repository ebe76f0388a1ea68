"""The config of `dashscope_chat`."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from modelstream.config import api_key
from modelstream.wire import HttpConfig, timeout_seconds


class DashScopeConfig(HttpConfig, kw_only=True):
    """The config of a model on DashScope.

    `model_name` defaults to `config_name`, `api_key` to the environment variable `DASHSCOPE_API_KEY`, and
    `base_url` to the SDK's default (`https://dashscope.aliyuncs.com/api/v1`). `multimodal` picks the
    endpoint: the one for images, audio and video (True), the one for text (False), or, by default, the one
    that the model's name and the messages require. `client_args` are passed to the SDK's client; SDKs before
    2.0 have no client and support only `workspace`. `transport` names what sends the requests: `sdk`, or
    `native`, which needs no SDK and supports fewer `client_args`.
    """

    transport: Literal["sdk", "native"] = "sdk"
    multimodal: bool | None = None
    client_args: dict[str, Any] = msgspec.field(default_factory=dict)

    def for_client(self) -> dict[str, Any]:
        """The arguments of the SDK's client. Raises `MissingApiKeyError`."""
        arguments = {"max_retries": 0, **self.client_args}
        if self.base_url:
            arguments["base_url"] = self.base_url
        if arguments.get("timeout") is not None:
            arguments["timeout"] = timeout_seconds(arguments["timeout"])
        key = self.api_key or arguments.get("api_key")
        arguments["api_key"] = api_key(key, "DASHSCOPE_API_KEY", model_type=self.model_type)
        return arguments
