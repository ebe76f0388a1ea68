"""The transport `sdk`: the SDK's clients send, or, before 2.0, its functions build the request."""

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
    """Sends through the SDK that is installed, which the first request imports."""

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self._arguments = arguments
        self._lock = threading.Lock()
        self._sender: Sender | None = None

    def load(self) -> None:
        """Import the SDK and create its client."""
        self.sender().load()

    async def aload(self) -> None:
        """The same for the running event loop."""
        # In a thread, because the first call imports the SDK.
        sender = await asyncio.to_thread(self.sender) if self._sender is None else self._sender
        await sender.aload()

    def open(self, http: HttpRequest, timeout: float | None, on_cancel: OnCancel) -> HttpxStream:
        """Send from a thread."""
        return self.sender().open(http, timeout, on_cancel)

    async def aopen(self, http: HttpRequest, timeout: float | None) -> AsyncHttpxStream:  # noqa: ASYNC109
        """Send from the running event loop."""
        return await self.sender().aopen(http, timeout)

    def close(self) -> None:
        """Close the connections."""
        if self._sender is not None:
            self._sender.close()

    def sender(self) -> Sender:
        """The sender for the SDK that is installed."""
        with self._lock:
            if self._sender is None:
                self._sender = _sender_class()(self._arguments)
            return self._sender


def _sender_class() -> type[Sender]:
    sdk = importlib.import_module("dashscope")
    kinds = [getattr(sdk, name, None) for name in ("Client", "AsyncClient")]
    return ClientSender if all(hasattr(kind, "transport") for kind in kinds) else ModuleSender
