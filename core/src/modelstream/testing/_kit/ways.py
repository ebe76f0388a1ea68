"""The two ways to call a wrapper, sync and async, with one interface, so that each law is written once."""

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
"""Seconds after which a single step counts as hanging."""

MESSAGES = [{"role": "user", "content": "Say something."}]


class Way(Protocol):
    """Calls wrappers and reads their responses; every method blocks until it is done, for `LIMIT` at most."""

    name: str

    def call(self, wrapper: ModelWrapper, messages: Any = MESSAGES, **how: Any) -> Any:
        """Call the model and return the response. `how` may have `stream`, by default True, and `raw`."""

    def next(self, reader: Any) -> Any:
        """The reader's next item. Raises `StopIteration` at the end, and what reading raises."""

    def each(self, reader: Any, callback: Callable[[Any], None]) -> None:
        """Call `callback` with every remaining item of the reader. Raises what reading raises."""

    def text(self, response: Any) -> str:
        """The full text."""

    def stop(self, reader: Any) -> None:
        """Stop reading."""

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
        """Functions that count what must not grow; there is nothing to count here."""
        return {}

    def call(self, wrapper: ModelWrapper, messages: Any = MESSAGES, **how: Any) -> Any:
        """`model(…)`."""
        return wrapper(messages, **{"stream": True, **how})

    def next(self, reader: Any) -> Any:
        """`next(reader)`."""
        return next(reader)

    def each(self, reader: Iterable[Any], callback: Callable[[Any], None]) -> None:
        """`for item in reader`."""
        for item in reader:
            callback(item)

    def text(self, response: Any) -> str:
        """`response.text`."""
        return str(response.text)

    def stop(self, reader: Any) -> None:
        """Close the reader, as `break` does to a generator without other references."""
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
    """Both ways, one after the other."""

    name = "both"

    def __init__(self, *both: Way) -> None:
        self.both = both


class AsyncWay:
    """From coroutines, in an event loop in its own thread, as in a server."""

    name = "async"

    def __init__(self) -> None:
        self.uncaught_errors: list[str] = []
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(self._record_error)
        self._thread = threading.Thread(target=self.loop.run_forever, name="conformance-loop", daemon=True)
        self._thread.start()

    def counts(self) -> dict[str, Callable[[], int]]:
        """Functions that count the tasks, and the uncaught exceptions that the loop reported."""
        return {
            "tasks": lambda: self.run(_count_tasks()),
            "uncaught errors in tasks": lambda: 9 * len(self.uncaught_errors),
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

    def each(self, reader: Any, callback: Callable[[Any], None]) -> None:
        """`async for item in reader`."""
        self.run(_each(reader, callback))

    def text(self, response: Any) -> str:
        """`await response.get_text()`."""
        return str(self.run(response.get_text()))

    def stop(self, reader: Any) -> None:
        """Close the reader, as `async with aclosing(reader)` does."""
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
        """Run `work` in the loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` in the loop and wait for its result."""
        future = self.start(work)
        try:
            return future.result(LIMIT)
        except FutureTimeoutError:
            if future.done():
                raise
            future.cancel()
            raise LawBrokenError(f"a step took more than {LIMIT:g} s") from None

    def shut_down(self) -> None:
        """Close the loop, as `asyncio.run` does."""
        self.run(_cancel_others())
        self.run(self.loop.shutdown_asyncgens())
        self.run(self.loop.shutdown_default_executor())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(LIMIT)
        if not self._thread.is_alive():
            self.loop.close()

    def _record_error(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.uncaught_errors.append(f"{context.get('message')}: {context.get('exception')!r}")


_END = object()


async def _next(reader: Any) -> Any:
    return await anext(reader, _END)


async def _each(reader: Any, callback: Callable[[Any], None]) -> None:
    async for item in reader:
        callback(item)


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
    """Run `work` in a thread."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 (the future raises it)
            future.set_exception(error)

    threading.Thread(target=run, name="conformance-reader", daemon=True).start()
    return future
