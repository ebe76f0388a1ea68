"""The config of `litellm_chat`."""

from __future__ import annotations

from typing import Any, Literal

from modelstream.wire import HttpConfig


class LiteLLMConfig(HttpConfig, kw_only=True):
    """The config of a model that LiteLLM reaches.

    `model_name`, which defaults to `config_name`, is LiteLLM's name with the provider in front
    ("anthropic/claude-…"). `api_key` and `base_url` are passed to LiteLLM; without a key it reads the
    provider's usual environment variable. Both may be set in `generate_args` as well (`api_key`, `api_base`).
    `transport` is always `sdk`: LiteLLM sends the requests.
    """

    transport: Literal["sdk"] = "sdk"

    def for_call(self) -> dict[str, Any]:
        """The arguments of LiteLLM's `completion` that the config sets."""
        arguments = {"model": self.model_name, "api_key": self.api_key, "api_base": self.base_url}
        return {name: value for name, value in arguments.items() if value is not None}
