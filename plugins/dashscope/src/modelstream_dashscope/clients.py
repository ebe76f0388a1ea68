"""The clients of the SDK from 2.0 on: they send."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelstream.call.error_mapping import http_error
from modelstream.errors import BadRequestError, ConfigError, StreamError
from modelstream.wire.clients import Clients
from modelstream.wire.failures import unanswered

if TYPE_CHECKING:
    import httpx

    from modelstream_dashscope.asked import Asked


class ClientSender:
    """Sends through `dashscope.Client` and `dashscope.AsyncClient`, whose transport gives the bytes."""

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self._clients: Clients[Any, Any] = Clients(
            lambda: _client("Client", arguments),
            lambda: _client("AsyncClient", arguments),
            lambda client: client.close(),
            lambda client: client.aclose(),
        )
        self.close = self._clients.close

    def send(self, asked: Asked, limits: httpx.Timeout) -> httpx.Response:
        """Send from a thread; the answer with its headers."""
        client = self._clients.client()
        try:
            answer: httpx.Response = client.transport.open_stream(**_arguments(asked, limits))
        except Exception as error:
            raise _as_ours(error, client) from error
        return answer

    async def asend(self, asked: Asked, limits: httpx.Timeout) -> httpx.Response:
        """Send from the running event loop; the answer with its headers."""
        client = await self._clients.of_this_loop()
        try:
            answer: httpx.Response = await client.transport.open_stream(**_arguments(asked, limits))
        except Exception as error:
            raise _as_ours(error, client) from error
        return answer


def _arguments(asked: Asked, limits: httpx.Timeout) -> dict[str, Any]:
    return {
        "method": "POST",
        "path": asked.path,
        "json": asked.body,
        "headers": asked.headers,
        "timeout": limits,
    }


def _client(kind: str, arguments: Mapping[str, Any]) -> Any:
    try:
        with warnings.catch_warnings():
            # It recommends another address than the one that it takes without being told any.
            warnings.filterwarnings("ignore", "no workspace configured")
            return getattr(importlib.import_module("dashscope"), kind)(**arguments)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"client_args: the dashscope SDK can't make a client of them ({error}).") from error


def _as_ours(error: Exception, client: Any) -> StreamError:
    if isinstance(error, TypeError | ValueError):
        return BadRequestError(f"the request can't be sent as JSON ({error})")
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        said = getattr(error, "body", None) or getattr(error, "message", None)
        return http_error(status, said, getattr(error, "headers", None))
    return unanswered(error, str(client.config.base_url))
