"""The transport `sdk`: the SDK's clients send, or, before 2.0, its functions make the request."""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelstream_dashscope.clients import ClientSender
from modelstream_dashscope.modules import ModuleSender

if TYPE_CHECKING:
    from modelstream.wire import AsyncHttpxStream, HttpRequest, HttpxStream, OnCancel

Sender = ClientSender | ModuleSender


class SdkTransport:
    """Sends through the SDK that is installed. It is imported by the first request."""

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self._arguments = arguments
        self._making = threading.Lock()
        self._sender: Sender | None = None

    def open(self, http: HttpRequest, timeout: float | None, on_cancel: OnCancel) -> HttpxStream:
        """Send from a thread."""
        return self.sender().open(http, timeout, on_cancel)

    async def aopen(self, http: HttpRequest, timeout: float | None) -> AsyncHttpxStream:  # noqa: ASYNC109
        """Send from the running event loop."""
        # In a thread: the first time imports the SDK.
        sender = await asyncio.to_thread(self.sender) if self._sender is None else self._sender
        return await sender.aopen(http, timeout)

    def close(self) -> None:
        """Close the connections."""
        if self._sender is not None:
            self._sender.close()

    def sender(self) -> Sender:
        """What sends with the SDK that is installed."""
        with self._making:
            if self._sender is None:
                self._sender = _kind_of_sender()(self._arguments)
            return self._sender


def _kind_of_sender() -> type[Sender]:
    sdk = importlib.import_module("dashscope")
    kinds = [getattr(sdk, name, None) for name in ("Client", "AsyncClient")]
    return ClientSender if all(hasattr(kind, "transport") for kind in kinds) else ModuleSender
