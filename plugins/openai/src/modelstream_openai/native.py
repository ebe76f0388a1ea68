"""The transport `native`: the core's own HTTP in the place of the SDK, which is never imported."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelstream.wire.native import (
    HttpRequest,
    apost,
    as_json,
    check_client_args,
    check_no_retries,
    merged,
    post,
    seconds,
)
from modelstream_openai.failures import Refusal, RefusedError
from modelstream_openai.keys import amade, made

if TYPE_CHECKING:
    from modelstream.request import Request
    from modelstream.wire.native.loops import AsyncNativeStream
    from modelstream.wire.native.threads import NativeStream
    from modelstream_openai.config import OpenAIConfig

OPENAI = "https://api.openai.com/v1"

_CLIENT_ARGS = (
    "api_key",
    "base_url",
    "default_headers",
    "default_query",
    "max_retries",
    "organization",
    "project",
    "timeout",
)
_OF_THE_CALL = ("timeout", "extra_headers", "extra_query", "extra_body")


class NativeTransport:
    """Sends requests of one config."""

    def __init__(self, config: OpenAIConfig) -> None:
        self._config = config
        self._client = given = config.for_client()
        check_client_args(given, _CLIENT_ARGS)
        check_no_retries(given)
        base = given.get("base_url") or os.environ.get("OPENAI_BASE_URL") or OPENAI
        self._url, _, self._query = str(base).partition("?")
        self._headers = _headers(given)

    def close(self) -> None:
        """Nothing of this transport is open: the connections belong to the process."""

    def open(self, asked: dict[str, Any], request: Request) -> NativeStream:
        """Send the request; its answer once the headers are there. Raises `RefusedError`, `StreamError`s."""
        sent = self._request(asked, made(self._client["api_key"]))
        answer = post(sent, timeout=self._limit(asked), on_cancel=request.on_cancel)
        if answer.status != 200:
            try:
                raise RefusedError(Refusal(answer.status, answer.headers, answer.read()))
            finally:
                answer.close()
        return answer

    async def aopen(self, asked: dict[str, Any], request: Request) -> AsyncNativeStream:
        """The same for coroutines."""
        sent = self._request(asked, await amade(self._client["api_key"]))
        answer = await apost(sent, timeout=self._limit(asked))
        if answer.status != 200:
            try:
                raise RefusedError(Refusal(answer.status, answer.headers, await answer.aread()))
            finally:
                await answer.aclose()
        return answer

    def _request(self, asked: Mapping[str, Any], key: str) -> HttpRequest:
        headers = {"Authorization": f"Bearer {key}", **self._headers}
        headers = merged(headers, asked.get("extra_headers") or {})
        body = {name: value for name, value in asked.items() if name not in _OF_THE_CALL}
        body.update(asked.get("extra_body") or {})
        query = {**(self._client.get("default_query") or {}), **(asked.get("extra_query") or {})}
        url = f"{self._url.rstrip('/')}/chat/completions"
        if told := "&".join(filter(None, (self._query, _encoded(query)))):
            url += f"?{told}"
        return HttpRequest(url, headers, as_json(body))

    def _limit(self, asked: Mapping[str, Any]) -> float | None:
        given = asked.get("timeout")
        given = self._client.get("timeout") if given is None else given
        return self._config.headers_limit(seconds(given))


def _headers(given: Mapping[str, Any]) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    for name, argument, variable in (
        ("OpenAI-Organization", "organization", "OPENAI_ORG_ID"),
        ("OpenAI-Project", "project", "OPENAI_PROJECT_ID"),
    ):
        if value := given.get(argument) or os.environ.get(variable):
            headers[name] = value
    return merged(headers, given.get("default_headers") or {})


def _encoded(query: Mapping[str, Any]) -> str:
    from urllib.parse import urlencode

    return urlencode(query, doseq=True)
