"""The config of a model of ZhipuAI."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from modelstream.config import api_key
from modelstream.errors import ConfigError
from modelstream.wire import HttpConfig
from modelstream_zhipuai.addresses import check_without_endpoint

KEYS = {"cn": ("ZHIPUAI_API_KEY", "ZAI_API_KEY"), "international": ("ZAI_API_KEY", "ZHIPUAI_API_KEY")}
"""A key is valid in one region only, so the variable of the other region comes second."""


class ZhipuAIConfig(HttpConfig, kw_only=True):
    """The config of a model of ZhipuAI.

    `model_name` defaults to `config_name`, `api_key` to the environment variable `ZHIPUAI_API_KEY`, then
    `ZAI_API_KEY`, or in the region "international" in reverse order. `region` is "cn" (open.bigmodel.cn)
    or "international" (api.z.ai); `base_url` overrides it. `sdk` is "zai" or "zhipuai"; by default the first
    that is installed. `client_args` go to the SDK's client. `transport` builds and sends the requests: `sdk`,
    or `native`, which is faster and supports fewer of the `client_args`.
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
                "client_args: 'http_client' would not be used, because the SDK only builds the requests.\n"
                "Proxies and certificates are read from HTTPS_PROXY and SSL_CERT_FILE."
            )
        if self.base_url:
            arguments["base_url"] = self.base_url
        check_without_endpoint("base_url", str(arguments.get("base_url") or ""))
        key = self.api_key or arguments.get("api_key")
        arguments["api_key"] = api_key(key, KEYS[self.region], model_type=self.model_type)
        return arguments
