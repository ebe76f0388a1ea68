"""Requests built by google-genai: its types, its ways to authenticate, its addresses."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from modelstream.errors import ConfigError
from modelstream.wire import HttpRequest, certificates
from modelstream_gemini.arguments import as_safety_settings, fields_of
from modelstream_gemini.config import VERSION
from modelstream_gemini.failures import unbuildable

if TYPE_CHECKING:
    from google.genai import Client

    from modelstream_gemini.backends import Asked
    from modelstream_gemini.config import GeminiConfig


class GenaiBackend:
    """Lets the SDK's client make each call up to the moment of sending, and takes the request from it.

    The client is given HTTP clients that hand back what they were to send, as its public options allow. So
    all ways of the SDK to ask and to authenticate work, those of Vertex AI too, and its reading is not used.
    """

    def __init__(self, config: GeminiConfig) -> None:
        self._config = config
        self._key = config.key()
        self._making = threading.Lock()
        self._client: Client | None = None

    def prepare(self, asked: Asked) -> HttpRequest:
        """The request that the SDK would send."""
        client = self._made()
        models = client.models
        arguments = {"model": asked.model, "contents": asked.contents, "config": _as_config(asked.options)}
        try:
            if asked.stream:
                next(iter(models.generate_content_stream(**arguments)))
            else:
                models.generate_content(**arguments)
        except _TakenError as taken:
            return taken.prepared
        except Exception as error:
            raise unbuildable(error) from error
        raise ConfigError(
            "this google-genai does not send through the HTTP client that it is given; try another version"
        )

    def _made(self) -> Client:
        with self._making:
            if self._client is None:
                from google.genai import Client

                try:
                    self._client = Client(**self._arguments())
                except Exception as error:
                    raise ConfigError(f"google-genai can't make a client: {error}") from error
            return self._client

    def _arguments(self) -> dict[str, Any]:
        import httpx

        config = self._config
        taker: Any = _Taker()
        options: dict[str, Any] = {
            **(config.client_args.get("http_options") or {}),
            "httpx_client": httpx.Client(transport=taker),
            "httpx_async_client": httpx.AsyncClient(transport=taker),
            # Else the SDK reads all certificates, for a kind of connection that is not used here.
            "async_client_args": {"ssl": certificates()},
        }
        if config.base_url is not None:
            options["base_url"] = config.base_url
        if config.api_version is not None or not config.on_vertex:
            options.setdefault("api_version", VERSION)
        if config.api_version is not None:
            options["api_version"] = config.api_version
        arguments = {**config.client_args, "http_options": options}
        return {**arguments, "api_key": self._key} if self._key else arguments


def _as_config(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as the SDK's config, in which it is told not to call functions itself."""
    config = {**options, "automatic_function_calling": {"disable": True}}
    if "safety_settings" in config:
        config["safety_settings"] = as_safety_settings(config["safety_settings"])
    if "extra_body" in config:
        extra = config.pop("extra_body")
        config["http_options"] = {
            **fields_of(config.get("http_options"), "http_options"),
            "extra_body": extra,
        }
    return config


class _TakenError(Exception):
    """Carries a request out of the SDK."""

    def __init__(self, prepared: HttpRequest) -> None:
        super().__init__()
        self.prepared = prepared


class _Taker:
    """A transport of httpx that sends nothing."""

    def handle_request(self, request: Any) -> NoReturn:
        """Hand the request back."""
        raise _TakenError(HttpRequest(str(request.url), dict(request.headers), request.read()))

    def close(self) -> None:
        """There is nothing to close."""

    async def aclose(self) -> None:
        """There is nothing to close."""
