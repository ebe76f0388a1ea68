"""The SDK before 2.0: functions of a module, which return no raw bytes and block or belong to one event loop.

They build a request, with its address and headers, and pass it to a session that does not send it. A plain
HTTP client sends it, with a body that does not depend on the release.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelstream.errors import BadRequestError, ConfigError
from modelstream.wire import HttpRequest, HttpxTransport, merged

if TYPE_CHECKING:
    from modelstream.wire import AsyncHttpxStream, HttpxStream, OnCancel

_PER_CALL = {"api_key": "api_key", "base_url": "base_address", "workspace": "workspace"}
"""Arguments of a client, and their names in a call. The process-wide address is left alone."""
_SENDER_HEADERS = frozenset({"accept-encoding", "connection", "content-length"})


class ModuleSender:
    """Sends what `dashscope.Generation` and `dashscope.MultiModalConversation` would send."""

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        per_call = {name: value for name, value in arguments.items() if name != "max_retries"}
        for name in per_call.keys() - _PER_CALL.keys():
            raise ConfigError(
                f"client_args has {name!r}, which needs a client, and this dashscope SDK has none."
                "\nVersion 2 has one: pip install 'dashscope>=2'."
            )
        self._call_arguments = {_PER_CALL[name]: value for name, value in per_call.items()}
        self._transport = HttpxTransport()
        self.close = self._transport.close

    def load(self) -> None:
        """Import the SDK."""
        importlib.import_module("dashscope")
        self._transport.load()

    async def aload(self) -> None:
        """The same for the running event loop."""
        await asyncio.to_thread(importlib.import_module, "dashscope")
        await self._transport.aload()

    def open(self, http: HttpRequest, timeout: float | None, on_cancel: OnCancel) -> HttpxStream:
        """Send from a thread."""
        return self._transport.open(self._prepare(http), timeout, on_cancel)

    async def aopen(self, http: HttpRequest, timeout: float | None) -> AsyncHttpxStream:  # noqa: ASYNC109
        """Send from the running event loop."""
        return await self._transport.aopen(await asyncio.to_thread(self._prepare, http), timeout)

    def _prepare(self, http: HttpRequest) -> HttpRequest:
        captured = self._capture(http)
        by_sdk = {
            name: value for name, value in captured.headers.items() if name.lower() not in _SENDER_HEADERS
        }
        query = http.url.partition("?")[2]
        return HttpRequest(
            f"{captured.url}?{query}" if query else captured.url, merged(by_sdk, http.headers), http.body
        )

    def _capture(self, http: HttpRequest) -> Any:
        dashscope: Any = importlib.import_module("dashscope")
        requests: Any = importlib.import_module("requests")
        adapter = _CapturingAdapter()
        stream = "X-DashScope-SSE" in http.headers
        with requests.Session() as session:
            session.trust_env = False  # or the user's .netrc would override the key
            session.mount("http://", adapter)
            session.mount("https://", adapter)
            call = (
                dashscope.MultiModalConversation if "/multimodal-" in http.url else dashscope.Generation
            ).call
            try:
                answer = call(
                    model=http.document["model"],
                    messages=[{"role": "user", "content": "hi"}],
                    stream=stream,
                    session=session,
                    **self._call_arguments,
                )
                if stream:
                    next(iter(answer), None)
            except Exception as error:
                # The SDK may fail on the empty answer. That error must not be kept: its traceback would keep
                # this transport and its connections alive.
                if adapter.captured is None:
                    raise BadRequestError(
                        f"the SDK can't build a request from this call ({error})"
                    ) from error
        if adapter.captured is None:
            raise BadRequestError("the SDK builds no request from this call")
        return adapter.captured


class _CapturingAdapter:
    """An adapter of a session: captures the request and returns an empty answer with status 200."""

    def __init__(self) -> None:
        self.captured: Any = None

    def send(self, request: Any, **_: Any) -> Any:
        self.captured = request
        answer = importlib.import_module("requests").Response()
        answer.status_code = 200
        answer._content = b"{}"  # noqa: SLF001 - the public way needs a connection to read from
        return answer

    def close(self) -> None:
        """Nothing to close."""
