"""The clients of the SDK from 2.0 on, which send the requests."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelstream.errors import ConfigError, StreamError
from modelstream.wire import (
    AsyncHttpxStream,
    Clients,
    HttpxStream,
    check_proxy,
    connect_limit,
    http_error,
    proxy_arguments,
    unanswered,
    uncap,
    unsendable,
)

if TYPE_CHECKING:
    from modelstream.wire import HttpRequest, OnCancel


class ClientSender:
    """Sends through `dashscope.Client` and `dashscope.AsyncClient`, whose transport returns raw bytes."""

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self._clients: Clients[Any, Any] = Clients(
            lambda: _client("Client", arguments),
            lambda: _client("AsyncClient", arguments),
            lambda client: client.close(),
            lambda client: client.aclose(),
        )
        self.close = self._clients.close

    def load(self) -> None:
        """Import the SDK and create its client."""
        self._clients.client()

    async def aload(self) -> None:
        """The same for the running event loop."""
        await self._clients.of_this_loop()

    def open(self, http: HttpRequest, timeout: float | None, on_cancel: OnCancel) -> HttpxStream:
        """Send from a thread."""
        client = self._clients.client()
        check_proxy(str(client.config.base_url))
        try:
            return HttpxStream(client.transport.open_stream(**_arguments(http, timeout)))
        except Exception as error:
            raise _map_error(error, client) from error

    async def aopen(self, http: HttpRequest, timeout: float | None) -> AsyncHttpxStream:  # noqa: ASYNC109
        """Send from the running event loop."""
        client = await self._clients.of_this_loop()
        check_proxy(str(client.config.base_url))
        try:
            return AsyncHttpxStream(await client.transport.open_stream(**_arguments(http, timeout)))
        except Exception as error:
            raise _map_error(error, client) from error


def _arguments(http: HttpRequest, timeout: float | None) -> dict[str, Any]:
    import httpx

    return {
        "method": "POST",
        "path": http.url,
        "json": http.document,
        "headers": dict(http.headers),
        "timeout": httpx.Timeout(timeout, connect=connect_limit(timeout)),
    }


def _client(kind: str, arguments: Mapping[str, Any]) -> Any:
    try:
        with warnings.catch_warnings():
            # The SDK warns about its own default address.
            warnings.filterwarnings("ignore", "no workspace configured")
            sdk = importlib.import_module("dashscope")
            client = getattr(sdk, kind)(**_with_proxies(arguments, is_async=kind == "AsyncClient"))
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"client_args: the dashscope SDK can't create a client from them ({error})."
        ) from error
    http_client = client.transport.http_client
    if not http_client.base_url.host:
        http_client.base_url = client.config.base_url
    if arguments.get("http_client") is None:
        uncap(client.transport.http_client)
    return client


def _with_proxies(arguments: Mapping[str, Any], *, is_async: bool) -> Mapping[str, Any]:
    """The arguments, with an HTTP client where the environment has a proxy for which the SDK's would fail."""
    import httpx

    options = {} if arguments.get("http_client") else proxy_arguments(httpx, is_async=is_async)
    if not options:
        return arguments
    kind: Any = httpx.AsyncClient if is_async else httpx.Client
    return {**arguments, "http_client": kind(**options)}


def _map_error(error: Exception, client: Any) -> StreamError:
    if isinstance(error, TypeError | ValueError):
        return unsendable(error)
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        body = getattr(error, "body", None) or getattr(error, "message", None)
        return http_error(status, body, getattr(error, "headers", None))
    return unanswered(error, str(client.config.base_url))
