"""Build requests with the provider's SDK, without sending them.

Neither SDK has an async client, and both split the lines of an answer at U+2028, also inside text. So they
only build the request (address, key, headers and body), which a plain HTTP client then sends.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from modelstream.errors import BadRequestError, ConfigError
from modelstream.wire import HttpRequest, merged, split_query, with_query
from modelstream_zhipuai.addresses import REGIONS

if TYPE_CHECKING:
    import httpx

    from modelstream.wire import CallOptions
    from modelstream_zhipuai.config import ZhipuAIConfig

_CLIENTS = {"zai": {"cn": "ZhipuAiClient", "international": "ZaiClient"}, "zhipuai": {"cn": "ZhipuAI"}}


class RequestBuilder:
    """Builds the requests of one model config. The SDK is imported for the first one."""

    def __init__(self, config: ZhipuAIConfig) -> None:
        self._config = config
        self._arguments = config.for_client()
        address, self._query = split_query(str(self._arguments.get("base_url") or ""))
        if self._query:
            self._arguments["base_url"] = address
        self._captured = threading.local()
        self._loading = threading.Lock()

    def load(self) -> None:
        """Import the SDK."""
        with self._loading:
            self._client  # noqa: B018 (a cached property)

    def build(
        self,
        messages: Sequence[Mapping[str, Any]],
        arguments: Mapping[str, Any],
        options: CallOptions,
        *,
        stream: bool,
    ) -> HttpRequest:
        """The HTTP request of a call."""
        known, others = self._split({"model": self._config.model_name, **arguments, "stream": stream})
        if others or options.extra_body:
            known["extra_body"] = {**others, **options.extra_body}
        self._captured.request = None
        # The SDK modifies images in the messages that are passed to it.
        known["messages"] = copy.deepcopy(list(messages))
        try:
            self._client.chat.completions.create(**known)
        except Exception as error:
            # Usually this is only what the SDK raises for _CapturedError. It must not be kept: its traceback
            # would keep the wrapper and its connections alive until the next garbage collection.
            if self._captured.request is None:
                raise BadRequestError(f"the SDK can't build a request for this call ({error})") from error
        captured: httpx.Request = self._captured.request
        headers = merged(captured.headers, options.headers)
        url = with_query(str(captured.url), "", {**self._query, **options.query})
        return HttpRequest(url, headers, captured.read(), timeout=options.timeout)

    def _split(self, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        known = inspect.signature(self._client.chat.completions.create).parameters
        return (
            {name: value for name, value in arguments.items() if name in known},
            {name: value for name, value in arguments.items() if name not in known},
        )

    @cached_property
    def _client(self) -> Any:
        import httpx

        sdk, name = self._sdk()
        arguments = {**self._arguments, "max_retries": 0}
        if self._config.region == "international" and sdk.__name__ == "zhipuai":
            arguments.setdefault("base_url", REGIONS["international"])
        arguments["http_client"] = httpx.Client(transport=httpx.MockTransport(self._capture))
        try:
            return getattr(sdk, name)(**arguments)
        except (TypeError, ValueError) as error:
            raise ConfigError(
                f"client_args: the {sdk.__name__} SDK can't create a client with them ({error})."
            ) from error

    def _sdk(self) -> tuple[Any, str]:
        configured = self._config.sdk
        missing = ""
        for module in (configured,) if configured else ("zai", "zhipuai"):
            try:
                sdk = importlib.import_module(module)
            except ModuleNotFoundError as error:
                missing = missing or str(error)
            else:
                names = _CLIENTS[module]
                return sdk, names.get(self._config.region, names["cn"])
        package = "zhipuai sniffio" if configured == "zhipuai" else "zai-sdk"
        raise ConfigError(f"zhipuai_chat needs the SDK of ZhipuAI: pip install {package} ({missing}).")

    def _capture(self, request: httpx.Request) -> httpx.Response:
        self._captured.request = request
        raise _CapturedError


class _CapturedError(Exception):
    """Ends the SDK's call once the request is built; the SDK would read and log even an empty answer."""
