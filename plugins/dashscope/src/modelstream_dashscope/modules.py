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
from modelstream.wire.clients import Clients
from modelstream.wire.failures import unanswered

if TYPE_CHECKING:
    import httpx

    from modelstream_dashscope.asked import Asked

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
        self._clients: Clients[httpx.Client, httpx.AsyncClient] = Clients(
            _client, _async_client, lambda client: client.close(), lambda client: client.aclose()
        )
        self.close = self._clients.close

    def send(self, asked: Asked, limits: httpx.Timeout) -> httpx.Response:
        """Send from a thread; the answer with its headers."""
        client = self._clients.client()
        made = self._made(asked, client, limits)
        try:
            return client.send(made, stream=True)
        except Exception as error:
            raise unanswered(error, str(made.url)) from error

    async def asend(self, asked: Asked, limits: httpx.Timeout) -> httpx.Response:
        """Send from the running event loop; the answer with its headers."""
        client = await self._clients.of_this_loop()
        made = await asyncio.to_thread(self._made, asked, client, limits)
        try:
            return await client.send(made, stream=True)
        except Exception as error:
            raise unanswered(error, str(made.url)) from error

    def _made(
        self, asked: Asked, client: httpx.Client | httpx.AsyncClient, limits: httpx.Timeout
    ) -> httpx.Request:
        caught = self._caught(asked)
        made = caught.headers.items()
        headers = {name: value for name, value in made if name.lower() not in _OF_THE_SENDER}
        headers.update(asked.headers)
        try:
            return client.build_request("POST", caught.url, headers=headers, json=asked.body, timeout=limits)
        except (TypeError, ValueError) as error:
            raise BadRequestError(f"the request can't be sent as JSON ({error})") from error

    def _caught(self, asked: Asked) -> Any:
        dashscope: Any = importlib.import_module("dashscope")
        requests: Any = importlib.import_module("requests")
        net = _Net()
        with requests.Session() as session:
            session.trust_env = False  # a .netrc of the user's has no say about the key
            session.mount("http://", net)
            session.mount("https://", net)
            call = (dashscope.MultiModalConversation if asked.multimodal else dashscope.Generation).call
            try:
                said = call(
                    model=asked.model,
                    messages=[{"role": "user", "content": "hi"}],
                    stream=asked.stream,
                    session=session,
                    **self._of_calls,
                )
                if asked.stream:
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


def _client() -> httpx.Client:
    import httpx

    return httpx.Client()


def _async_client() -> httpx.AsyncClient:
    import httpx

    return httpx.AsyncClient()
