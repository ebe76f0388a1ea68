"""What a user writes about a model that Ollama runs."""

from __future__ import annotations

import os
from typing import Any, Literal

import msgspec

from modelstream.config import ModelConfig
from modelstream.config.fields import Seconds  # noqa: TC001 - read when the config is
from modelstream.errors import BadRequestError, ConfigError
from modelstream_ollama.requests import parted


class OllamaConfig(ModelConfig, kw_only=True):
    """The config of a model that an Ollama server runs.

    `host` (or `base_url`, which is the same) is the server's address; the default is the environment variable
    `OLLAMA_HOST`, then the server on this machine. `options` are the model's parameters (`temperature`,
    `num_ctx`, …), each overridden by `generate_args` and by those of a call. `keep_alive` is how long the
    server keeps the model loaded, as "5m" or in seconds. `api_key`, which Ollama's own cloud wants, defaults
    to `OLLAMA_API_KEY`. `timeout` limits the wait for the headers, in seconds. `headers` and everything in
    `client_args` go to the SDK's client. `transport` says who speaks HTTP: `sdk`, or `native`, which is
    faster and takes less of `client_args`.
    """

    transport: Literal["sdk", "native"] = "sdk"
    host: str | None = None
    base_url: str | None = None
    api_key: str | None = None
    options: dict[str, Any] | None = None
    keep_alive: float | str | None = "5m"
    timeout: Seconds | None = None
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

    def completed(self) -> OllamaConfig:
        """The same with the model's name, and with those of `generate_args` that are options among them."""
        try:
            arguments, options = parted(self.generate_args)
        except BadRequestError as error:
            raise ConfigError(f"generate_args: {error}") from error
        options = {**(self.options or {}), **options}
        return msgspec.structs.replace(
            self, model_name=self.model(), generate_args=arguments, options=options
        )

    def for_client(self) -> dict[str, Any]:
        """The arguments of the SDK's client."""
        if self.host and self.base_url and self.host != self.base_url:
            raise ConfigError(
                f"host is {self.host!r} and base_url is {self.base_url!r}: both name the server's address; "
                "set one of them."
            )
        headers = dict(self.headers)
        key = self.api_key or os.environ.get("OLLAMA_API_KEY")  # which the oldest SDKs don't know
        if key and not any(name.lower() == "authorization" for name in headers):
            headers["authorization"] = f"Bearer {key.strip()}"
        return {
            "host": self.base_url or self.host,
            "headers": headers,
            "timeout": self.timeout,
            **self.client_args,
        }
