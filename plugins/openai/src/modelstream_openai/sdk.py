"""The transport `sdk`: the official SDK sends the request, and the core reads the bytes of the answer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from modelstream.wire import AsyncHttpxStream, HttpxStream, check_proxy, connect_limit
from modelstream_openai.arguments import split_arguments
from modelstream_openai.clients import clients
from modelstream_openai.failures import map_error

if TYPE_CHECKING:
    from modelstream.wire import HttpRequest, OnCancel


class SdkTransport:
    """Sends the `document` of a request through the SDK's clients.

    An HTTP error, for which the SDK raises, is returned like any other answer.
    """

    def __init__(self, client_args: Mapping[str, Any]) -> None:
        self._clients = clients(client_args)
        self.close = self._clients.close

    def load(self) -> None:
        """Import the SDK and create its client."""
        self._clients.client()
        _known_arguments()

    async def aload(self) -> None:
        """The same for the running event loop."""
        await self._clients.of_this_loop()
        _known_arguments()

    def open(self, http: HttpRequest, timeout: float | None, on_cancel: OnCancel) -> HttpxStream:
        """Send from a thread."""
        client = self._clients.client()
        check_proxy(str(client.base_url))
        create = client.chat.completions.with_streaming_response.create
        try:
            return HttpxStream(create(**_arguments(http, timeout)).__enter__().http_response)
        except Exception as error:
            if (response := getattr(error, "response", None)) is not None:
                return HttpxStream(response)
            raise map_error(error) from error

    async def aopen(self, http: HttpRequest, timeout: float | None) -> AsyncHttpxStream:  # noqa: ASYNC109
        """Send from the running event loop."""
        client = await self._clients.of_this_loop()
        check_proxy(str(client.base_url))
        create = client.chat.completions.with_streaming_response.create
        try:
            answer = await create(**_arguments(http, timeout)).__aenter__()
            return AsyncHttpxStream(answer.http_response)
        except Exception as error:
            if (response := getattr(error, "response", None)) is not None:
                return AsyncHttpxStream(response)
            raise map_error(error) from error


def _arguments(http: HttpRequest, timeout: float | None) -> dict[str, Any]:
    from openai import Timeout

    # It ends with the headers; after them the timeouts of the call apply.
    limit = Timeout(timeout, connect=connect_limit(timeout))
    return split_arguments({**http.document, "timeout": limit}, _known_arguments())


@cache
def _known_arguments() -> frozenset[str]:
    import inspect

    from openai.resources.chat.completions import Completions

    return frozenset(inspect.signature(Completions.create).parameters) - {"self"}
