"""The config of a Gemini model."""

from __future__ import annotations

import os
from typing import Any, Literal

import msgspec

from modelstream.config import api_key
from modelstream.wire import HttpConfig

KEY_VARIABLES = ("GOOGLE_API_KEY", "GEMINI_API_KEY")

BASE_URL = "https://generativelanguage.googleapis.com"

VERTEX_URL = "https://aiplatform.googleapis.com"

BackendName = Literal["genai", "generativeai"]


class GeminiConfig(HttpConfig, kw_only=True):
    """The config of a Gemini model.

    `api_key` defaults to the environment variable `GOOGLE_API_KEY` or `GEMINI_API_KEY`. `base_url` is the
    server's URL without the API version; `api_version` is `v1beta` unless it is set, and for Vertex AI the
    SDK chooses. `backend` names the SDK where both are installed: `genai`, which is preferred, or
    `generativeai`. `client_args` go to google-genai's client: `vertexai`, `project`, `location`,
    `credentials`, `http_options`. `transport` builds and sends the requests: `sdk`, or `native`, which needs
    no SDK, is faster, and supports less of `client_args`.
    """

    transport: Literal["sdk", "native"] = "sdk"
    api_version: str | None = None
    backend: BackendName | None = None
    client_args: dict[str, Any] = msgspec.field(default_factory=dict)

    def key(self) -> str | None:
        """The API key; None where Vertex AI is used with other credentials. Raises `MissingApiKeyError`."""
        key = self.api_key or self.client_args.get("api_key")
        if self.on_vertex and not key:
            return None
        return api_key(key, KEY_VARIABLES, model_type=self.model_type)

    @property
    def on_vertex(self) -> bool:
        """Whether requests go to Vertex AI, by google-genai's rules."""
        chosen = self.client_args.get("vertexai")
        if chosen is None:
            chosen = os.environ.get("GOOGLE_GENAI_USE_VERTEXAI", "").lower() in {"true", "1"}
        return bool(chosen)
