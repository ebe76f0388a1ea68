"""Requests for the transport `native`, built by the dialect without an SDK."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

from modelstream.errors import ConfigError
from modelstream.wire import HttpRequest, as_json, check_client_args
from modelstream_gemini.config import BASE_URL
from modelstream_gemini.dialect.dialect import VERSION
from modelstream_gemini.dialect.requests import request_body, request_path
from modelstream_gemini.http_options import http_options
from modelstream_gemini.options import check_options

if TYPE_CHECKING:
    from modelstream_gemini.config import GeminiConfig
    from modelstream_gemini.dialect.calls import PreparedCall

_CLIENT_ARGS = ("api_key", "http_options", "vertexai")


class NativeBackend:
    """Builds the API's JSON for one config."""

    def __init__(self, config: GeminiConfig) -> None:
        check_client_args(config.client_args, _CLIENT_ARGS)
        _check_no_sdk_is_needed(config)
        options = http_options(config.client_args.get("http_options"), "client_args.http_options")
        default = os.environ.get("GOOGLE_GEMINI_BASE_URL") or BASE_URL
        self._base_url = config.base_url or options.base_url or default
        self._version = config.api_version or options.api_version or VERSION
        self._timeout = options.timeout
        self._headers = {"Content-Type": "application/json", "x-goog-api-key": config.key() or ""}

    def load(self) -> None:
        """Do nothing: there is no SDK."""

    def prepare(self, call: PreparedCall) -> HttpRequest:
        """The request, ready to be sent."""
        arguments = dict(call.options)
        options = http_options(arguments.pop("http_options", None), "http_options")
        extra = arguments.pop("extra_body", {})
        check_options(arguments)
        body = request_body(call._replace(options=arguments), extra)
        base_url = str(options.base_url or self._base_url).rstrip("/")
        url = f"{base_url}/{options.api_version or self._version}/{request_path(call)}"
        timeout = self._timeout if options.timeout is None else options.timeout
        # google-genai tells the server how long it waits, in this header.
        limit = {} if timeout is None else {"X-Server-Timeout": str(math.ceil(timeout))}
        return HttpRequest(url, {**self._headers, **limit}, as_json(body))


def _check_no_sdk_is_needed(config: GeminiConfig) -> None:
    if config.backend is not None:
        raise ConfigError(
            f"backend is {config.backend!r}, but the native transport needs no SDK."
            "\nOmit 'backend', or set 'transport' to 'sdk'."
        )
    if config.on_vertex:
        where = "client_args" if "vertexai" in config.client_args else "GOOGLE_GENAI_USE_VERTEXAI"
        raise ConfigError(
            f"Vertex AI is chosen (by {where}), which the native transport does not support."
            "\nSet 'transport' to 'sdk' for Vertex AI, or choose the Gemini API ('vertexai': false)."
        )
