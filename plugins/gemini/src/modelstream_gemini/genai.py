"""Requests built by google-genai: its types, its authentication, its URLs."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from modelstream.errors import ConfigError
from modelstream.wire import HttpRequest, certificates, setup_errors
from modelstream_gemini.dialect.arguments import fields_of, to_safety_settings
from modelstream_gemini.dialect.dialect import VERSION
from modelstream_gemini.failures import map_error

if TYPE_CHECKING:
    from google.genai import Client

    from modelstream_gemini.config import GeminiConfig
    from modelstream_gemini.dialect.calls import PreparedCall


class GenaiBackend:
    """Runs each call of the SDK's client up to the moment of sending, and captures the request there.

    The client gets HTTP clients that return the request instead of sending it, as its public options allow.
    So all of the SDK's options and credentials work, those of Vertex AI too, and its reading is not used.
    """

    def __init__(self, config: GeminiConfig) -> None:
        self._config = config
        self._key = config.key()
        self._lock = threading.Lock()
        self._client: Client | None = None

    def load(self) -> None:
        """Import the SDK and create its client."""
        self._sdk_client()

    def prepare(self, call: PreparedCall) -> HttpRequest:
        """The request that the SDK would send."""
        client = self._sdk_client()
        models = client.models
        arguments = {"model": call.model, "contents": call.contents, "config": _as_config(call.options)}
        try:
            if call.stream:
                next(iter(models.generate_content_stream(**arguments)))
            else:
                models.generate_content(**arguments)
        except _CapturedError as captured:
            return captured.request
        except Exception as error:
            raise map_error(error) from error
        raise ConfigError("this google-genai ignores the HTTP client in its options; try another version")

    def _sdk_client(self) -> Client:
        with self._lock:
            if self._client is None:
                from google.genai import Client

                try:
                    with setup_errors():
                        self._client = Client(**self._arguments())
                except ConfigError:
                    raise
                except Exception as error:
                    raise ConfigError(f"google-genai can't create a client: {error}") from error
            return self._client

    def _arguments(self) -> dict[str, Any]:
        import httpx

        config = self._config
        capture: Any = _CaptureTransport()
        options: dict[str, Any] = {
            **(config.client_args.get("http_options") or {}),
            "httpx_client": httpx.Client(transport=capture),
            "httpx_async_client": httpx.AsyncClient(transport=capture),
            # Without it the SDK reads all certificates, for a kind of connection that is not used here.
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
    """The options as the SDK's config, with its automatic calling of functions disabled."""
    config = {**options, "automatic_function_calling": {"disable": True}}
    if "safety_settings" in config:
        config["safety_settings"] = to_safety_settings(config["safety_settings"])
    if "extra_body" in config:
        extra = config.pop("extra_body")
        config["http_options"] = {
            **fields_of(config.get("http_options"), "http_options"),
            "extra_body": extra,
        }
    return config


class _CapturedError(Exception):
    """Carries a request out of the SDK."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__()
        self.request = request


class _CaptureTransport:
    """An httpx transport that sends nothing."""

    def handle_request(self, request: Any) -> NoReturn:
        """Raise the request."""
        raise _CapturedError(HttpRequest(str(request.url), dict(request.headers), request.read()))

    def close(self) -> None:
        """There is nothing to close."""

    async def aclose(self) -> None:
        """There is nothing to close."""
