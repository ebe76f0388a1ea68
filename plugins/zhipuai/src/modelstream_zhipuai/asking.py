"""How the SDK would ask: its requests, caught before they leave.

Neither SDK has an async client, and both read the lines of an answer with a splitter that breaks text at
U+2028. So they do what they know best, the address, the key, the headers and the body, and the request that
they make is sent by a plain HTTP client.
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
from modelstream.wire import HttpRequest, merged, with_query
from modelstream_zhipuai.addresses import REGIONS

if TYPE_CHECKING:
    import httpx

    from modelstream.wire import CallOptions
    from modelstream_zhipuai.config import ZhipuAIConfig

_CLIENTS = {"zai": {"cn": "ZhipuAiClient", "international": "ZaiClient"}, "zhipuai": {"cn": "ZhipuAI"}}


class Asker:
    """Makes the requests of one model config. The SDK is imported when the first one is made."""

    def __init__(self, config: ZhipuAIConfig) -> None:
        self._config = config
        self._arguments = config.for_client()
        self._caught = threading.local()

    def request(
        self,
        messages: Sequence[Mapping[str, Any]],
        arguments: Mapping[str, Any],
        options: CallOptions,
        *,
        stream: bool,
    ) -> HttpRequest:
        """The HTTP request of a call."""
        known, others = self._sorted_out({"model": self._config.model_name, **arguments, "stream": stream})
        if others or options.extra_body:
            known["extra_body"] = {**others, **options.extra_body}
        self._caught.request = None
        # The SDK shortens images in the messages that it is given, where they stand.
        known["messages"] = copy.deepcopy(list(messages))
        try:
            self._client.chat.completions.create(**known)
        except Exception as error:  # What it makes of the catch does not matter, but must not be kept:
            # its traceback would keep all that asks, connections included, until the collector comes by.
            if self._caught.request is None:
                raise BadRequestError(f"the SDK can't make a request of this call ({error})") from error
        caught: httpx.Request = self._caught.request
        headers = merged(caught.headers, options.headers)
        url = with_query(str(caught.url), "", options.query)
        return HttpRequest(url, headers, caught.read(), timeout=options.timeout)

    def _sorted_out(self, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
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
        arguments["http_client"] = httpx.Client(transport=httpx.MockTransport(self._catch))
        try:
            return getattr(sdk, name)(**arguments)
        except (TypeError, ValueError) as error:
            raise ConfigError(
                f"client_args: the {sdk.__name__} SDK can't make a client of them ({error})."
            ) from error

    def _sdk(self) -> tuple[Any, str]:
        wanted = self._config.sdk
        missing = ""
        for module in (wanted,) if wanted else ("zai", "zhipuai"):
            try:
                sdk = importlib.import_module(module)
            except ModuleNotFoundError as error:
                missing = missing or str(error)
            else:
                names = _CLIENTS[module]
                return sdk, names.get(self._config.region, names["cn"])
        package = "zhipuai sniffio" if wanted == "zhipuai" else "zai-sdk"
        raise ConfigError(f"zhipuai_chat needs the SDK of ZhipuAI: pip install {package} ({missing}).")

    def _catch(self, request: httpx.Request) -> httpx.Response:
        self._caught.request = request
        raise _CaughtError


class _CaughtError(Exception):
    """The request is made; an answer, even an empty one, would be read and logged."""
