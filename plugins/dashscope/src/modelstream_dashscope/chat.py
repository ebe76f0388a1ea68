"""The model wrapper `dashscope_chat`."""

from __future__ import annotations

import asyncio
import importlib
import threading
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from modelstream.wire import SseEventFramer, WireWrapper
from modelstream.wire.httpx_streams import AsyncHttpxStream, HttpxStream
from modelstream.wire.limits import connect_limit
from modelstream_dashscope.asked import asked_of
from modelstream_dashscope.clients import ClientSender
from modelstream_dashscope.config import DashScopeConfig
from modelstream_dashscope.frames import DashScopeFrames
from modelstream_dashscope.modules import ModuleSender

if TYPE_CHECKING:
    import httpx

    from modelstream.config import ModelConfig
    from modelstream.request import Request

Sender = ClientSender | ModuleSender


class DashScopeChat(WireWrapper):
    """The Qwen models, and others, of Alibaba Cloud's DashScope.

    The SDK sends the request, or makes it if it is older than its own clients; the bytes that come back are
    read here.
    """

    model_type = "dashscope_chat"
    config_class: ClassVar[type[DashScopeConfig]] = DashScopeConfig
    config: DashScopeConfig
    framer = SseEventFramer

    def __init__(self, config: Mapping[str, Any] | ModelConfig | None = None, /, **fields: Any) -> None:
        super().__init__(config, **fields)
        self.config = msgspec.structs.replace(self.config, model_name=self.config.model())
        self._arguments = self.config.for_client()
        self._making = threading.Lock()
        self._made: Sender | None = None

    def open(self, request: Request) -> HttpxStream:
        """Send the request."""
        sender = self._made or self._sender()
        return HttpxStream(sender.send(asked_of(self.config, request), self._timeout()))

    async def aopen(self, request: Request) -> AsyncHttpxStream:
        """Send the request from the running event loop."""
        # In a thread: the first time imports the SDK.
        sender = await asyncio.to_thread(self._sender) if self._made is None else self._made
        return AsyncHttpxStream(await sender.asend(asked_of(self.config, request), self._timeout()))

    def frame_reader(self, request: Request) -> DashScopeFrames:
        """A new reader for the frames of one answer."""
        return DashScopeFrames()

    def _sender(self) -> Sender:
        with self._making:
            if self._made is None:
                self._made = _kind_of_sender()(self._arguments)
                weakref.finalize(self, self._made.close)
            return self._made

    def _timeout(self) -> httpx.Timeout:
        """For the headers; behind them the clocks of the call watch."""
        import httpx

        seconds = self.config.headers_limit(self.config.client_args.get("timeout"))
        return httpx.Timeout(seconds, connect=connect_limit(seconds))


def _kind_of_sender() -> type[Sender]:
    sdk = importlib.import_module("dashscope")
    kinds = [getattr(sdk, name, None) for name in ("Client", "AsyncClient")]
    return ClientSender if all(hasattr(kind, "transport") for kind in kinds) else ModuleSender
