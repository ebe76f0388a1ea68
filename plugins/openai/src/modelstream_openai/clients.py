"""The SDK's clients: connections, keys and headers are their business."""

from __future__ import annotations

import inspect
import threading
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from modelstream.errors import ConfigError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from openai import AsyncOpenAI, OpenAI


class _Kept(NamedTuple):
    client: AsyncOpenAI
    closer: AsyncIterator[None]


class Clients:
    """One client for all threads, and one for each event loop: made when they are first needed.

    The SDK is imported then and no earlier, since that takes most of a second.
    """

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self._arguments = arguments
        self._making = threading.Lock()
        self._client: OpenAI | None = None
        self._of_loops: WeakKeyDictionary[AbstractEventLoop, _Kept] = WeakKeyDictionary()

    def client(self) -> OpenAI:
        """The client for code that blocks."""
        with self._making:
            if self._client is None:
                import openai

                self._client = _made(openai.OpenAI, self._arguments)
            client: OpenAI = self._client
            return client

    async def of_this_loop(self) -> AsyncOpenAI:
        """The client for coroutines of the running event loop; it is closed when the loop shuts down."""
        import asyncio

        loop = asyncio.get_running_loop()
        kept = self._of_loops.get(loop)
        if kept is None:
            # In a thread: the import, and reading the certificates, would stop the loop for a second.
            client = await asyncio.to_thread(self._make_async)
            kept = self._of_loops.get(loop)
            if kept is None:
                kept = _Kept(client, _closing(client))
                await anext(kept.closer)
                self._forget_closed_loops()
                self._of_loops[loop] = kept
        return kept.client

    def close(self) -> None:
        """Close the connections of threads; those of event loops are closed by their loops."""
        with self._making:
            if self._client is not None:
                self._client.close()

    def _make_async(self) -> AsyncOpenAI:
        import openai

        with self._making:
            client: AsyncOpenAI = _made(openai.AsyncOpenAI, self._arguments)
        client.chat.completions  # noqa: B018 (the SDK imports the rest of itself here)
        return client

    def _forget_closed_loops(self) -> None:
        # Open connections refer to their loop, so that the weak key alone would keep them.
        for loop in list(self._of_loops):
            if loop.is_closed():
                del self._of_loops[loop]


async def _closing(client: AsyncOpenAI) -> AsyncIterator[None]:
    # An event loop ends all async generators before it closes, and schedules the end of those that are
    # dropped: the one occasion to close connections that belong to it.
    try:
        yield
    finally:
        await client.close()


def _made(kind: type[Any], arguments: Mapping[str, Any]) -> Any:
    from openai import OpenAIError

    known = inspect.signature(kind).parameters
    for name in arguments:
        if name not in known:
            raise ConfigError(
                f"client_args has {name!r}, which the client of this openai SDK does not take."
                f"\nIt takes: {', '.join(one for one in known if not one.startswith('_'))}."
            )
    try:
        return kind(**arguments)
    except (OpenAIError, TypeError, ValueError) as error:
        raise ConfigError(f"client_args: the openai SDK can't make a client of them ({error}).") from error
