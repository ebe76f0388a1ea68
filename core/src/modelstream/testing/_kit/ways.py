"""The two ways to call a wrapper, sync and async, driven alike, so that every law is written once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from modelstream.testing._kit.law import LawBrokenError

if TYPE_CHECKING:
    from modelstream.wrapper import ModelWrapper

T = TypeVar("T")

LIMIT = 20.0
"""Seconds that any single step may take; longer means that it hangs."""

MESSAGES = [{"role": "user", "content": "Say something."}]


class Way(Protocol):
    """Calls wrappers and reads their responses; every method blocks until it is done, for `LIMIT` at most."""

    name: str

    def call(self, wrapper: ModelWrapper, messages: Any = MESSAGES, **how: Any) -> Any:
        """Call the model; the response. `how` is `stream`, true if it is not there, and `raw`."""

    def next(self, reader: Any) -> Any:
        """The reader's next item; raises `StopIteration` at the end, and what reading raises."""

    def each(self, reader: Any, hear: Callable[[Any], None]) -> None:
        """Have `hear` called with every item that the reader still gives; raises what reading raises."""

    def text(self, response: Any) -> str:
        """The full text."""

    def stop(self, reader: Any) -> None:
        """Break off reading."""

    def close(self, response: Any) -> None:
        """End the call."""

    def leave(self, response: Any) -> None:
        """Leave the response's `with` block."""

    def begin(self, reader: Any) -> Future[Any]:
        """Wait for the reader's next item in the background."""

    def begin_text(self, wrapper: ModelWrapper) -> Future[str]:
        """Call the model and read its whole text in the background."""


class SyncWay:
    """From ordinary code."""

    name = "sync"

    def counts(self) -> dict[str, Callable[[], int]]:
        """What there is of the way's own that should not become more."""
        return {}

    def call(self, wrapper: ModelWrapper, messages: Any = MESSAGES, **how: Any) -> Any:
        """`model(…)`."""
        return wrapper(messages, **{"stream": True, **how})

    def next(self, reader: Any) -> Any:
        """`next(reader)`."""
        return next(reader)

    def each(self, reader: Iterable[Any], hear: Callable[[Any], None]) -> None:
        """`for item in reader`."""
        for item in reader:
            hear(item)

    def text(self, response: Any) -> str:
        """`response.text`."""
        return str(response.text)

    def stop(self, reader: Any) -> None:
        """What `break` does to a generator that nobody else holds."""
        reader.close()

    def close(self, response: Any) -> None:
        """`response.close()`."""
        response.close()

    def leave(self, response: Any) -> None:
        """The end of `with response:`."""
        with response:
            pass

    def begin(self, reader: Any) -> Future[Any]:
        """`next(reader)` in a thread."""
        return in_thread(lambda: next(reader))

    def begin_text(self, wrapper: ModelWrapper) -> Future[str]:
        """`model(…).text` in a thread."""
        return in_thread(lambda: self.text(self.call(wrapper)))


class BothWays:
    """Both of them, one after the other."""

    name = "both"

    def __init__(self, *both: Way) -> None:
        self.both = both


class AsyncWay:
    """From coroutines, in an event loop that runs in a thread of its own, as it does in a server."""

    name = "async"

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(self._complain)
        self._thread = threading.Thread(target=self.loop.run_forever, name="conformance-loop", daemon=True)
        self._thread.start()

    def counts(self) -> dict[str, Callable[[], int]]:
        """The tasks, and what the loop was told of exceptions that nobody caught."""
        return {
            "tasks": lambda: self.run(_count_tasks()),
            "errors in tasks that nobody looked at": lambda: 9 * len(self.complaints),
        }

    def call(self, wrapper: ModelWrapper, messages: Any = MESSAGES, **how: Any) -> Any:
        """`await model.acall(…)`."""
        return self.run(wrapper.acall(messages, **{"stream": True, **how}))

    def next(self, reader: Any) -> Any:
        """`await anext(reader)`."""
        item = self.run(_next(reader))
        if item is _END:
            raise StopIteration
        return item

    def each(self, reader: Any, hear: Callable[[Any], None]) -> None:
        """`async for item in reader`."""
        self.run(_each(reader, hear))

    def text(self, response: Any) -> str:
        """`await response.get_text()`."""
        return str(self.run(response.get_text()))

    def stop(self, reader: Any) -> None:
        """What `async with aclosing(reader)` does."""
        self.run(reader.aclose())

    def close(self, response: Any) -> None:
        """`await response.aclose()`."""
        self.run(response.aclose())

    def leave(self, response: Any) -> None:
        """The end of `async with response:`."""
        self.run(_leave(response))

    def begin(self, reader: Any) -> Future[Any]:
        """`anext(reader)` in a task."""
        return self.start(_next(reader))

    def begin_text(self, wrapper: ModelWrapper) -> Future[str]:
        """`await (await model.acall(…)).get_text()` in a task."""
        return self.start(_text(wrapper))

    def begin_call(self, wrapper: ModelWrapper, *, stream: bool = True) -> Future[Any]:
        """`model.acall(…)` in a task."""
        return self.start(wrapper.acall(MESSAGES, stream=stream))

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Have the loop do `work`."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Have the loop do `work`, and wait for it."""
        future = self.start(work)
        try:
            return future.result(LIMIT)
        except FutureTimeoutError:
            if future.done():
                raise
            future.cancel()
            raise LawBrokenError(f"a step took more than {LIMIT:g} s") from None

    def shut_down(self) -> None:
        """End the loop as `asyncio.run` would."""
        self.run(_cancel_others())
        self.run(self.loop.shutdown_asyncgens())
        self.run(self.loop.shutdown_default_executor())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(LIMIT)
        if not self._thread.is_alive():
            self.loop.close()

    def _complain(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.complaints.append(f"{context.get('message')}: {context.get('exception')!r}")


_END = object()


async def _next(reader: Any) -> Any:
    return await anext(reader, _END)


async def _each(reader: Any, hear: Callable[[Any], None]) -> None:
    async for item in reader:
        hear(item)


async def _text(wrapper: ModelWrapper) -> str:
    response = await wrapper.acall(MESSAGES, stream=True)
    return await response.get_text()


async def _leave(response: Any) -> None:
    async with response:
        pass


async def _count_tasks() -> int:
    return len(asyncio.all_tasks())


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def in_thread(work: Callable[[], T]) -> Future[T]:
    """Do `work` in a thread."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 (whoever waits gets it)
            future.set_exception(error)

    threading.Thread(target=run, name="conformance-reader", daemon=True).start()
    return future
