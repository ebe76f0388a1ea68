"""The SDK before 2.0: functions of a module, which give no bytes and block or belong to one event loop.

They make a request, with the address and the headers, and give it to a session that does not send it. A plain
HTTP client does that, with a body that is the same whatever the release.
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
"""Arguments of a client, and what a call names them. The process's own address is left alone."""
_OF_THE_SENDER = frozenset({"accept-encoding", "connection", "content-length"})


class ModuleSender:
    """Sends what `dashscope.Generation` and `dashscope.MultiModalConversation` would send."""

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        given = {name: value for name, value in arguments.items() if name != "max_retries"}
        for name in given.keys() - _PER_CALL.keys():
            raise ConfigError(
                f"client_args has {name!r}, and this dashscope SDK has no client to take it."
                "\nVersion 2 has one: pip install 'dashscope>=2'."
            )
        self._of_calls = {_PER_CALL[name]: value for name, value in given.items()}
        self._transport = HttpxTransport()
        self.close = self._transport.close

    def open(self, http: HttpRequest, timeout: float | None, on_cancel: OnCancel) -> HttpxStream:
        """Send from a thread."""
        return self._transport.open(self._prepared(http), timeout, on_cancel)

    async def aopen(self, http: HttpRequest, timeout: float | None) -> AsyncHttpxStream:  # noqa: ASYNC109
        """Send from the running event loop."""
        return await self._transport.aopen(await asyncio.to_thread(self._prepared, http), timeout)

    def _prepared(self, http: HttpRequest) -> HttpRequest:
        caught = self._caught(http)
        by_sdk = {name: value for name, value in caught.headers.items() if name.lower() not in _OF_THE_SENDER}
        query = http.url.partition("?")[2]
        return HttpRequest(
            f"{caught.url}?{query}" if query else caught.url, merged(by_sdk, http.headers), http.body
        )

    def _caught(self, http: HttpRequest) -> Any:
        dashscope: Any = importlib.import_module("dashscope")
        requests: Any = importlib.import_module("requests")
        net = _Net()
        stream = "X-DashScope-SSE" in http.headers
        with requests.Session() as session:
            session.trust_env = False  # a .netrc of the user's has no say about the key
            session.mount("http://", net)
            session.mount("https://", net)
            call = (
                dashscope.MultiModalConversation if "/multimodal-" in http.url else dashscope.Generation
            ).call
            try:
                said = call(
                    model=http.document["model"],
                    messages=[{"role": "user", "content": "hi"}],
                    stream=stream,
                    session=session,
                    **self._of_calls,
                )
                if stream:
                    next(iter(said), None)
            except Exception as error:  # What it makes of the empty answer does not matter, but must not be
                # kept: its traceback would keep all that asks, connections included, for the collector.
                if net.caught is None:
                    raise BadRequestError(f"the SDK can't make a request of this call ({error})") from error
        if net.caught is None:
            raise BadRequestError("the SDK makes no request of this call")
        return net.caught


class _Net:
    """The adapter of a session: catches the request, and says that all is well."""

    def __init__(self) -> None:
        self.caught: Any = None

    def send(self, request: Any, **_: Any) -> Any:
        self.caught = request
        answer = importlib.import_module("requests").Response()
        answer.status_code = 200
        answer._content = b"{}"  # noqa: SLF001 - or there would have to be a connection to read from
        return answer

    def close(self) -> None:
        """There is nothing to close."""
