"""Where the provider is reached."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from modelstream.errors import BadRequestError, ConfigError
from modelstream.wire import route_to

if TYPE_CHECKING:
    from modelstream_zhipuai.config import ZhipuAIConfig

REGIONS = {"cn": "https://open.bigmodel.cn/api/paas/v4", "international": "https://api.z.ai/api/paas/v4"}
ENDPOINT = "/chat/completions"


def check_end(field: str, address: str) -> None:
    """Raise a `ConfigError` for an address that has the endpoint in it."""
    if address.rstrip("/").endswith(ENDPOINT):
        raise ConfigError(f"{field} is {address!r}: omit {ENDPOINT}; it is appended.")


def server_of(config: ZhipuAIConfig, base_url: str | None) -> str:
    """`base_url`, else the address that an SDK would use. Raises `ConfigError`."""
    field, address = ("base_url", base_url) if base_url else _of_the_environment(config)
    address = address or REGIONS[config.region]
    check_end(field, address)
    try:
        route_to(address, {})
    except BadRequestError as error:
        raise ConfigError(f"{field}: {error}.\nSuch is {REGIONS[config.region]}.") from error
    return address


def _of_the_environment(config: ZhipuAIConfig) -> tuple[str, str | None]:
    if config.sdk != "zhipuai":
        return "ZAI_BASE_URL", os.environ.get("ZAI_BASE_URL")
    # This SDK knows of one region alone, so that its variable can't mean the other.
    return "ZHIPUAI_BASE_URL", os.environ.get("ZHIPUAI_BASE_URL") if config.region == "cn" else None
