"""The transport `native`: the core's own HTTP in the place of an SDK, none of which is imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelstream.errors import ConfigError
from modelstream.wire.native import (
    HttpRequest,
    apost,
    as_json,
    check_client_args,
    check_no_retries,
    merged,
    post,
    seconds,
)
from modelstream_zhipuai.addresses import endpoint
from modelstream_zhipuai.body import body_of, mapping
from modelstream_zhipuai.signing import parted, token_of

if TYPE_CHECKING:
    from modelstream.request import Request
    from modelstream.wire.native.loops import AsyncNativeStream
    from modelstream.wire.native.threads import NativeStream
    from modelstream_zhipuai.config import ZhipuAIConfig

_CLIENT_ARGS = (
    "api_key",
    "base_url",
    "custom_headers",
    "disable_token_cache",
    "max_retries",
    "source_channel",
    "timeout",
)


class NativeTransport:
    """Sends requests of one config."""

    def __init__(self, config: ZhipuAIConfig) -> None:
        check_client_args(config.client_args, _CLIENT_ARGS)
        self._config = config
        given = config.for_client()
        check_no_retries(given)
        self._limit = seconds(given.get("timeout"))
        self._url = endpoint(config, str(given.get("base_url") or "") or None)
        self._headers = _headers(config, given)
        self._key: str = given["api_key"]
        self._signs = not given.get("disable_token_cache", True)
        if self._signs:
            parted(self._key)

    def close(self) -> None:
        """Nothing of this transport is open: the connections belong to the process."""

    def open(self, request: Request) -> NativeStream:
        """Send the request; its answer once the headers are there. Raises `StreamError`s."""
        return post(self._asked(request), timeout=self._timeout(request), on_cancel=request.on_cancel)

    async def aopen(self, request: Request) -> AsyncNativeStream:
        """The same for coroutines."""
        return await apost(self._asked(request), timeout=self._timeout(request))

    def _asked(self, request: Request) -> HttpRequest:
        token = token_of(self._key) if self._signs else self._key
        headers = merged({"Authorization": f"Bearer {token}"}, self._headers)
        headers = merged(headers, mapping(request.arguments, "extra_headers"))
        return HttpRequest(self._url, headers, as_json(body_of(self._config.model_name, request)))

    def _timeout(self, request: Request) -> float | None:
        of_call = request.arguments.get("timeout")
        return self._config.headers_limit(self._limit if of_call is None else seconds(of_call))


def _headers(config: ZhipuAIConfig, given: Mapping[str, Any]) -> dict[str, str]:
    """What the SDK would send, but for the headers in which it names itself."""
    headers = {"Accept": "application/json", "Content-Type": "application/json; charset=UTF-8"}
    if config.region == "international" and config.sdk != "zhipuai":
        headers["Accept-Language"] = "en-US,en"
    if given.get("source_channel"):
        headers["x-source-channel"] = given["source_channel"]
    custom = given.get("custom_headers") or {}
    if not isinstance(custom, Mapping):
        raise ConfigError(
            f"client_args has 'custom_headers' of type {type(custom).__name__}: expected a dict of headers."
        )
    return merged(headers, custom)
