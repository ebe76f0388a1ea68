"""The config of a model that Ollama runs."""

from __future__ import annotations

import os
from typing import Any, Literal

import msgspec

from modelstream.config import check_key
from modelstream.errors import BadRequestError, ConfigError
from modelstream.wire import HttpConfig, shown_url
from modelstream_ollama.requests import split_options


class OllamaConfig(HttpConfig, kw_only=True):
    """The config of a model that an Ollama server runs.

    `host` (or `base_url`, which is the same) is the server's address; the default is the environment variable
    `OLLAMA_HOST`, then the server on this machine. `options` are the model's parameters (`temperature`,
    `num_ctx`, …), each overridden by `generate_args` and by those of a call. `keep_alive` is how long the
    server keeps the model loaded, as "5m" or in seconds; by default the server decides. `api_key`, which
    Ollama's own cloud requires, defaults to `OLLAMA_API_KEY`. `client_args` go to the SDK's client.
    `transport` sends the requests: `sdk`, or `native`, which is faster and supports fewer of the
    `client_args`.
    """

    transport: Literal["sdk", "native"] = "sdk"
    host: str | None = None
    options: dict[str, Any] | None = None
    keep_alive: float | str | None = None
    client_args: dict[str, Any] = msgspec.field(default_factory=dict)

    def completed(self) -> OllamaConfig:
        """The same with the model's name, and with the options among `generate_args` moved to `options`."""
        try:
            arguments, options = split_options(self.generate_args)
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
                f"host is {shown_url(self.host)} and base_url is {shown_url(self.base_url)}: both are the "
                "server's address; set one of them."
            )
        return {**self.client_args, "host": self.base_url or self.host or self.client_args.get("host")}

    def key(self) -> str | None:
        """The key, if there is one."""
        key = self.api_key or os.environ.get("OLLAMA_API_KEY")  # which the oldest SDKs don't read
        source = "the field 'api_key' of the model config" if self.api_key else "OLLAMA_API_KEY"
        return check_key(key.strip(), source) if key else None
