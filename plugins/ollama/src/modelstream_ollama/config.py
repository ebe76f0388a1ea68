"""What a user writes about a model that Ollama runs."""

from __future__ import annotations

from typing import Any

import msgspec

from modelstream.config import ModelConfig
from modelstream.errors import ConfigError


class OllamaConfig(ModelConfig, kw_only=True):
    """The config of a model that an Ollama server runs.

    `host` (or `base_url`, which is the same) is the server's address; the default is the environment variable
    `OLLAMA_HOST`, then the server on this machine. `options` are the model's parameters (`temperature`,
    `num_ctx`, …), each overridden by the `options` of a call. `keep_alive` is how long the server keeps the
    model loaded, as "5m" or in seconds. `api_key`, which Ollama's own cloud wants, defaults to
    `OLLAMA_API_KEY`. `headers` and everything in `client_args` go to the SDK's client.
    """

    host: str | None = None
    base_url: str | None = None
    api_key: str | None = None
    options: dict[str, Any] | None = None
    keep_alive: float | str | None = "5m"
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    client_args: dict[str, Any] = msgspec.field(default_factory=dict)

    def model(self) -> str:
        """The name that the server knows the model by."""
        name = self.model_name or self.config_name
        if not name:
            raise ConfigError(
                f"{self.model_type} needs a model: set the field 'model_name' of the model config."
            )
        return name

    def for_client(self) -> dict[str, Any]:
        """The arguments of the SDK's client."""
        if self.host and self.base_url and self.host != self.base_url:
            raise ConfigError(
                f"host is {self.host!r} and base_url is {self.base_url!r}: both name the server's address; "
                "set one of them."
            )
        headers = dict(self.headers)
        if self.api_key:
            headers["authorization"] = f"Bearer {self.api_key}"
        return {"host": self.base_url or self.host, "headers": headers, **self.client_args}
