"""The config of `openai_chat`."""

from __future__ import annotations

import os
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from modelstream.config import api_key
from modelstream.errors import ConfigError
from modelstream.wire import HttpConfig, split_query

UNUSED_KEY = "unused"
"""Sent to a server on this machine if there is no key: such servers need none, but the SDK requires one."""

_OTHER_CREDENTIALS = ("workload_identity", "provider")
_OF_AZURE = ("azure_endpoint", "azure_deployment", "azure_ad_token", "azure_ad_token_provider", "api_version")
_THIS_MACHINE = ("localhost", "::1")


class OpenAIConfig(HttpConfig, kw_only=True):
    """The config of a model of OpenAI's, or of a server with the same chat completions API.

    `model_name` defaults to `config_name`. `api_key` and `base_url` default to the environment variables
    `OPENAI_API_KEY` and `OPENAI_BASE_URL`; a server on this machine (localhost, 127.*, ::1) needs no key.
    `organization` and everything in `client_args` are passed to the SDK's client. `transport` names what
    sends the requests: `sdk`, or `native`, which is faster and supports fewer `client_args`.
    """

    transport: Literal["sdk", "native"] = "sdk"
    organization: str | None = None
    client_args: dict[str, Any] = msgspec.field(default_factory=dict)

    def for_client(self) -> dict[str, Any]:
        """The arguments of the SDK's client. Raises `MissingApiKeyError`."""
        _check_not_azure(self.client_args)
        arguments = {"max_retries": 0, **self.client_args}
        for name in ("base_url", "organization"):
            if getattr(self, name) is not None and (name != "base_url" or self.base_url):
                arguments[name] = getattr(self, name)
        if not any(arguments.get(name) for name in _OTHER_CREDENTIALS):
            arguments["api_key"] = self._key(arguments)
        return arguments

    def _key(self, arguments: dict[str, Any]) -> Any:
        key = self.api_key or arguments.get("api_key")
        if callable(key):
            return key
        here = _on_this_machine(arguments.get("base_url") or os.environ.get("OPENAI_BASE_URL"))
        if here and not (key or os.environ.get("OPENAI_API_KEY")):
            key = UNUSED_KEY
        return api_key(key, "OPENAI_API_KEY", model_type=self.model_type)


def with_default_query(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of the SDK's client, which would put the query of a base URL before the path."""
    url = str(arguments.get("base_url") or os.environ.get("OPENAI_BASE_URL") or "")
    if "?" not in url:
        return arguments
    base, query = split_query(url)
    return {
        **arguments,
        "base_url": base,
        "default_query": {**query, **(arguments.get("default_query") or {})},
    }


def _check_not_azure(client_args: dict[str, Any]) -> None:
    if found := [name for name in client_args if name in _OF_AZURE]:
        raise ConfigError(
            f"client_args has {found[0]!r}, which only the SDK's Azure client supports. For Azure set:\n"
            '  "base_url": "https://NAME.openai.azure.com/openai/deployments/DEPLOYMENT",\n'
            '  "client_args": {"default_query": {"api-version": "2024-10-21"}},\n'
            '  "headers": {"api-key": KEY}'
        )


def _on_this_machine(base_url: Any) -> bool:
    host = urlsplit(str(base_url)).hostname or ""
    return host in _THIS_MACHINE or host.startswith("127.")
