"""The config of `openai_chat`."""

from __future__ import annotations

import os
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from modelstream.config import api_key
from modelstream.wire import HttpConfig

UNUSED_KEY = "unused"
"""Sent to a server on this machine if there is no key: such servers need none, but the SDK requires one."""

_OTHER_CREDENTIALS = ("workload_identity", "provider")
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
        arguments = {"max_retries": 0, **self.client_args}
        for name in ("base_url", "organization"):
            if getattr(self, name) is not None:
                arguments[name] = getattr(self, name)
        if not any(arguments.get(name) for name in _OTHER_CREDENTIALS):
            arguments["api_key"] = self._key(arguments)
        return arguments

    def _key(self, arguments: dict[str, Any]) -> Any:
        key = self.api_key or arguments.get("api_key")
        if callable(key):
            return key
        if _on_this_machine(arguments.get("base_url") or os.environ.get("OPENAI_BASE_URL")):
            key = key or os.environ.get("OPENAI_API_KEY") or UNUSED_KEY
        return api_key(key, "OPENAI_API_KEY", model_type=self.model_type)


def _on_this_machine(base_url: Any) -> bool:
    host = urlsplit(str(base_url)).hostname or ""
    return host in _THIS_MACHINE or host.startswith("127.")
