"""The model wrapper `zhipuai_chat`."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from modelstream.faults import as_stream_error
from modelstream.wire import SseFramer, WireWrapper
from modelstream.wire.clients import Clients
from modelstream.wire.httpx_streams import AsyncHttpxStream, HttpxStream
from modelstream.wire.limits import httpx_timeout
from modelstream_zhipuai.asking import Asker
from modelstream_zhipuai.config import ZhipuAIConfig
from modelstream_zhipuai.frames import ZhipuAIFrames, by_code

if TYPE_CHECKING:
    import httpx

    from modelstream.config import ModelConfig
    from modelstream.errors import StreamError
    from modelstream.request import Request
    from modelstream.wire import AsyncByteStream, ByteStream


class ZhipuAIChat(WireWrapper):
    """The GLM models of ZhipuAI, in China and as Z.ai elsewhere.

    Works with zai-sdk and with the older zhipuai SDK; either makes the request, and the answer's bytes are
    read here, which also gives both what they lack: async calls.
    """

    model_type = "zhipuai_chat"
    config_class: ClassVar[type[ZhipuAIConfig]] = ZhipuAIConfig
    config: ZhipuAIConfig
    framer = SseFramer

    def __init__(self, config: Mapping[str, Any] | ModelConfig | None = None, /, **fields: Any) -> None:
        super().__init__(config, **fields)
        self.config = msgspec.structs.replace(self.config, model_name=self.config.model())
        self._asker = Asker(self.config)
        self._clients: Clients[httpx.Client, httpx.AsyncClient] = Clients(
            _client, _async_client, lambda client: client.close(), lambda client: client.aclose()
        )
        weakref.finalize(self, self._clients.close)

    def open(self, request: Request) -> HttpxStream:
        """Send the request that the SDK makes."""
        asked = self._asked(request)
        try:
            return HttpxStream(self._clients.client().send(asked, stream=True))
        except Exception as error:
            raise _where(error, asked) from error

    async def aopen(self, request: Request) -> AsyncHttpxStream:
        """Send the request that the SDK makes, from the running event loop."""
        # In a thread: the first one imports the SDK.
        asked = await asyncio.to_thread(self._asked, request)
        try:
            return AsyncHttpxStream(await (await self._clients.of_this_loop()).send(asked, stream=True))
        except Exception as error:
            raise _where(error, asked) from error

    def frame_reader(self, request: Request) -> ZhipuAIFrames:
        """A new reader for the frames of one answer."""
        return ZhipuAIFrames()

    def refusal(self, answer: ByteStream | AsyncByteStream, body: bytes) -> StreamError:
        """The error by the provider's own code, which says more than the status."""
        error = by_code(super().refusal(answer, body))
        if error.status == 404 and error.code is None:
            error.message += "\nIs base_url right? It is the address up to and with /v4."
        return error

    def _asked(self, request: Request) -> httpx.Request:
        arguments = dict(request.arguments)
        limits = self._limits(arguments.pop("timeout", None))
        asked = self._asker.request(request.messages, arguments, stream=request.stream)
        asked.extensions["timeout"] = limits
        return asked

    def _limits(self, of_call: Any) -> dict[str, float | None]:
        """For the headers; behind them the clocks of the call watch."""
        config = self.config
        given = config.client_args.get("timeout") if of_call is None else of_call
        return httpx_timeout(config.headers_limit(getattr(given, "read", given)))


def _client() -> httpx.Client:
    import httpx

    return httpx.Client(follow_redirects=True)


def _async_client() -> httpx.AsyncClient:
    import httpx

    return httpx.AsyncClient(follow_redirects=True)


def _where(error: Exception, asked: httpx.Request) -> StreamError:
    ours = as_stream_error(error)
    ours.message += f" at {asked.url.copy_with(query=None)}"
    return ours
