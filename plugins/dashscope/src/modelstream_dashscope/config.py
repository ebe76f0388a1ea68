"""What a user writes about a model on DashScope."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from modelstream.config import api_key
from modelstream.wire import HttpConfig

_SEES_OR_HEARS = re.compile(r"(^|[-_/.])(qvq|vl|omni|audio|ocr)([-_.:]|\d|$)")


class DashScopeConfig(HttpConfig, kw_only=True):
    """The config of a model on DashScope.

    `model_name` defaults to `config_name`, `api_key` to the environment variable `DASHSCOPE_API_KEY`, and
    `base_url` to what the SDK takes (`https://dashscope.aliyuncs.com/api/v1`). `multimodal` picks the
    endpoint: the one for images, audio and video (True), the one for text (False), or, by default, the one
    that the model's name and the messages ask for. `client_args` go to the SDK's client; SDKs before 2.0 have
    none, and take only a `workspace`. `transport` says who speaks HTTP: `sdk`, or `native`, which needs no
    SDK and takes less of `client_args`.
    """

    transport: Literal["sdk", "native"] = "sdk"
    multimodal: bool | None = None
    client_args: dict[str, Any] = msgspec.field(default_factory=dict)

    def for_client(self) -> dict[str, Any]:
        """The arguments of the SDK's client. Raises `MissingApiKeyError`."""
        arguments = {"max_retries": 0, **self.client_args}
        if self.base_url:
            arguments["base_url"] = self.base_url
        given = self.api_key or arguments.get("api_key")
        arguments["api_key"] = api_key(given, "DASHSCOPE_API_KEY", model_type=self.model_type)
        return arguments

    def sees_or_hears(self) -> bool:
        """Whether the model's name says that it takes more than text."""
        return bool(_SEES_OR_HEARS.search(self.model().lower()))
