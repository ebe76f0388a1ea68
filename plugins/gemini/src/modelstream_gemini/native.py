"""The transport `native`: the core's own HTTP, and requests made here; neither SDK is imported."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from modelstream.errors import BadRequestError, ConfigError
from modelstream.wire.native import HttpRequest, apost, as_json, check_client_args, post
from modelstream_gemini.config import ADDRESS, VERSION
from modelstream_gemini.http_options import HttpOptions, http_options
from modelstream_gemini.requests import as_body, path_of

if TYPE_CHECKING:
    from modelstream.request import Request
    from modelstream.wire.native.loops import AsyncNativeStream
    from modelstream.wire.native.threads import NativeStream
    from modelstream_gemini.backends import Asked
    from modelstream_gemini.config import GeminiConfig

_CLIENT_ARGS = ("api_key", "http_options", "vertexai")


class NativeTransport:
    """Sends requests of one config."""

    def __init__(self, config: GeminiConfig) -> None:
        check_client_args(config.client_args, _CLIENT_ARGS)
        _check_that_no_sdk_is_asked_for(config)
        self._config = config
        address = os.environ.get("GOOGLE_GEMINI_BASE_URL") or ADDRESS
        headers = {"Content-Type": "application/json", "x-goog-api-key": config.key() or ""}
        self._options = (
            HttpOptions(address, VERSION, headers)
            .under(http_options(config.client_args.get("http_options"), "client_args.http_options"))
            .under(HttpOptions(config.base_url, config.api_version))
        )

    def close(self) -> None:
        """Nothing of this transport is open: the connections belong to the process."""

    def open(self, asked: Asked, request: Request) -> NativeStream:
        """Send the request; its answer once the headers are there. Raises `StreamError`s, `ConfigError`s."""
        sent, limit = self._request(asked)
        return post(sent, timeout=limit, on_cancel=request.on_cancel)

    async def aopen(self, asked: Asked, request: Request) -> AsyncNativeStream:
        """The same for coroutines."""
        sent, limit = self._request(asked)
        return await apost(sent, timeout=limit)

    def _request(self, asked: Asked) -> tuple[HttpRequest, float | None]:
        """What to send, and the seconds that its headers may take."""
        left = dict(asked.options)
        given = http_options(left.pop("http_options", None), "http_options")
        options = self._options.under(given)
        extra = left.pop("extra_body", options.extra_body)
        try:
            body = as_body(asked._replace(options=left), extra)
        except RecursionError as error:
            raise BadRequestError("the request can't be sent as JSON (it holds itself)") from error
        url = f"{str(options.base_url).rstrip('/')}/{options.api_version}/{path_of(asked)}"
        sent = HttpRequest(url, options.all_headers(), as_json(body))
        return sent, self._config.headers_limit(options.timeout)


def _check_that_no_sdk_is_asked_for(config: GeminiConfig) -> None:
    if config.backend is not None:
        raise ConfigError(
            f"backend is {config.backend!r}, but the native transport needs no SDK."
            "\nLeave 'backend' away, or set 'transport' to 'sdk'."
        )
    if config.on_vertex:
        where = "client_args" if "vertexai" in config.client_args else "GOOGLE_GENAI_USE_VERTEXAI"
        raise ConfigError(
            f"Vertex AI is chosen (by {where}), which the native transport does not speak to."
            "\nSet 'transport' to 'sdk' for Vertex AI, or choose the Gemini API ('vertexai': false)."
        )
