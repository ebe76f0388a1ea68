"""Requests built here, for the transport `native`; neither SDK is imported."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from modelstream.errors import BadRequestError, ConfigError
from modelstream.wire import HttpRequest, as_json, check_client_args
from modelstream_gemini.config import ADDRESS, VERSION
from modelstream_gemini.http_options import HttpOptions, http_options
from modelstream_gemini.requests import as_body, path_of

if TYPE_CHECKING:
    from modelstream_gemini.backends import Asked
    from modelstream_gemini.config import GeminiConfig

_CLIENT_ARGS = ("api_key", "http_options", "vertexai")


class NativeBackend:
    """Builds the API's JSON for one config."""

    def __init__(self, config: GeminiConfig) -> None:
        check_client_args(config.client_args, _CLIENT_ARGS)
        _check_that_no_sdk_is_asked_for(config)
        address = os.environ.get("GOOGLE_GEMINI_BASE_URL") or ADDRESS
        headers = {"Content-Type": "application/json", "x-goog-api-key": config.key() or ""}
        self._options = (
            HttpOptions(address, VERSION, headers)
            .under(http_options(config.client_args.get("http_options"), "client_args.http_options"))
            .under(HttpOptions(config.base_url, config.api_version))
        )

    def prepare(self, asked: Asked) -> HttpRequest:
        """The request, ready to be sent."""
        left = dict(asked.options)
        given = http_options(left.pop("http_options", None), "http_options")
        options = self._options.under(given)
        extra = left.pop("extra_body", {})
        try:
            body = as_body(asked._replace(options=left), extra)
        except RecursionError as error:
            raise BadRequestError("the request can't be sent as JSON (it holds itself)") from error
        url = f"{str(options.base_url).rstrip('/')}/{options.api_version}/{path_of(asked)}"
        return HttpRequest(url, options.all_headers(), as_json(body))


def _check_that_no_sdk_is_asked_for(config: GeminiConfig) -> None:
    if config.backend is not None:
        raise ConfigError(
            f"backend is {config.backend!r}, but the native transport needs no SDK."
            "\nOmit 'backend', or set 'transport' to 'sdk'."
        )
    if config.on_vertex:
        where = "client_args" if "vertexai" in config.client_args else "GOOGLE_GENAI_USE_VERTEXAI"
        raise ConfigError(
            f"Vertex AI is chosen (by {where}), which the native transport does not speak to."
            "\nSet 'transport' to 'sdk' for Vertex AI, or choose the Gemini API ('vertexai': false)."
        )
