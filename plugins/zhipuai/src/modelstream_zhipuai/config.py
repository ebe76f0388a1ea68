"""What a user writes about a model of ZhipuAI's."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from modelstream.config import api_key
from modelstream.errors import ConfigError
from modelstream.wire import HttpConfig
from modelstream_zhipuai.addresses import check_end

KEYS = {"cn": ("ZHIPUAI_API_KEY", "ZAI_API_KEY"), "international": ("ZAI_API_KEY", "ZHIPUAI_API_KEY")}
"""A key of one region is worth nothing in the other, and none of its business."""


class ZhipuAIConfig(HttpConfig, kw_only=True):
    """The config of a model of ZhipuAI's.

    `model_name` defaults to `config_name`, `api_key` to the environment variable `ZHIPUAI_API_KEY`, then
    `ZAI_API_KEY`, or in the region "international" the other way round. `region` is "cn" (open.bigmodel.cn)
    or "international" (api.z.ai); `base_url` overrides it. `sdk` is "zai" or "zhipuai"; by default the first
    that is installed. `client_args` go to the SDK's client. `transport` says who speaks HTTP: `sdk`, or
    `native`, which is faster and takes less of `client_args`.
    """

    transport: Literal["sdk", "native"] = "sdk"
    region: Literal["cn", "international"] = "cn"
    sdk: Literal["zai", "zhipuai"] | None = None
    client_args: dict[str, Any] = msgspec.field(default_factory=dict)

    def for_client(self) -> dict[str, Any]:
        """The arguments of the SDK's client. Raises `MissingApiKeyError`."""
        arguments = dict(self.client_args)
        if "http_client" in arguments:
            raise ConfigError(
                "client_args: 'http_client' would not be used, for the SDK only makes the requests.\n"
                "Proxies and certificates are read from HTTPS_PROXY and SSL_CERT_FILE."
            )
        if self.base_url:
            arguments["base_url"] = self.base_url
        check_end("base_url", str(arguments.get("base_url") or ""))
        given = self.api_key or arguments.get("api_key")
        arguments["api_key"] = api_key(given, KEYS[self.region], model_type=self.model_type)
        return arguments
