"""The base URLs of the provider."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from modelstream.errors import BadRequestError, ConfigError
from modelstream.wire import route_to, shown_url
from modelstream_zhipuai.requests import ENDPOINT

if TYPE_CHECKING:
    from modelstream_zhipuai.config import ZhipuAIConfig

REGIONS = {"cn": "https://open.bigmodel.cn/api/paas/v4", "international": "https://api.z.ai/api/paas/v4"}


def check_without_endpoint(field: str, url: str) -> None:
    """Raise a `ConfigError` for a URL that ends with the endpoint."""
    if url.partition("?")[0].rstrip("/").endswith(ENDPOINT):
        raise ConfigError(f"{field} is {shown_url(url)}: omit {ENDPOINT}; it is appended.")


def server_url(config: ZhipuAIConfig, base_url: str | None) -> str:
    """`base_url`, or else the URL that an SDK would use. Raises `ConfigError`."""
    field, url = ("base_url", base_url) if base_url else _from_environment(config)
    url = url or REGIONS[config.region]
    check_without_endpoint(field, url)
    try:
        route_to(url, {})
    except BadRequestError as error:
        raise ConfigError(f"{field}: {error}.\nExample: {REGIONS[config.region]}") from error
    return url


def _from_environment(config: ZhipuAIConfig) -> tuple[str, str | None]:
    if config.sdk != "zhipuai":
        return "ZAI_BASE_URL", os.environ.get("ZAI_BASE_URL")
    # This SDK supports only China, so its variable can't be meant for the other region.
    return "ZHIPUAI_BASE_URL", os.environ.get("ZHIPUAI_BASE_URL") if config.region == "cn" else None
