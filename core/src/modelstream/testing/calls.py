"""Call a model in a test, from code or from a coroutine, and record what its caller sees.

    got = read(model, "hi")                       # streamed, to its end or to its error
    assert got.snapshots == [(False, "Hel"), (False, "Hello"), (True, "Hello")]
    assert got.usage == Usage(3, 2)

    got = read(model, "hi", stream=False)         # not streamed
    got = await aread(model, "hi")                # from a coroutine

    error = refused(model, "hi")                  # the error that the call itself raises
    assert type(error) is RateLimitError

`modelstream.testing.fixtures` has the same as pytest fixtures, which run each test both ways.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from modelstream.errors import StreamError

if TYPE_CHECKING:
    from modelstream.deltas import ToolCall, Usage
    from modelstream.response import AsyncModelResponse, ModelResponse
    from modelstream.snapshot import Snapshot
    from modelstream.wrapper import ModelWrapper


@dataclass
class Reading:
    """What the caller of a model saw: the `snapshots` in order, and the `error` that ended the answer.

    `response` is None if the call itself raised the error; `refused` is then True.
    """

    response: ModelResponse | AsyncModelResponse | None = None
    snapshots: list[Snapshot] = field(default_factory=list)
    error: StreamError | None = None

    @property
    def refused(self) -> bool:
        """Whether the call itself raised the error."""
        return self.response is None

    @property
    def text(self) -> str:
        """The text that arrived."""
        if self.response is not None:
            return self.response.partial_text
        return self.error.partial_text if self.error is not None else ""

    @property
    def reasoning(self) -> str:
        """The reasoning that arrived."""
        return "" if self.response is None else self.response.reasoning

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The tool calls."""
        return [] if self.response is None else list(self.response.tool_calls)

    @property
    def calls(self) -> list[tuple[str, Any]]:
        """The tool calls as pairs of the name and the decoded arguments."""
        return [(call.name, json.loads(call.arguments)) for call in self.tool_calls]

    @property
    def usage(self) -> Usage | None:
        """The token counts, also of an answer that failed."""
        if self.response is not None:
            return self.response.usage
        return self.error.usage if self.error is not None else None

    @property
    def finish_reason(self) -> str | None:
        """Why the model stopped."""
        return None if self.response is None else self.response.finish_reason

    @property
    def raw_finish_reason(self) -> str | None:
        """The provider's word for it."""
        return None if self.response is None else self.response.raw_finish_reason

    @property
    def raw(self) -> list[Any] | None:
        """The provider's chunks, of a call with `raw=True`."""
        return None if self.response is None else self.response.raw


def read(model: ModelWrapper, messages: Any = "hi", /, **arguments: Any) -> Reading:
    """Call the model and read its answer to the end, or to its error.

    `arguments` are those of the call. The answer is streamed by default; with `stream=None` the model's
    config decides. Exceptions other than a `StreamError` are raised.
    """
    reading = Reading()
    try:
        reading.response = response = model(messages, **{"stream": True, **arguments})
        # Not list(): the snapshots before an error must be kept.
        for snapshot in response.stream or ():
            reading.snapshots.append(snapshot)
    except StreamError as error:
        reading.error = error
    return reading


async def aread(model: ModelWrapper, messages: Any = "hi", /, **arguments: Any) -> Reading:
    """Do the same from a coroutine."""
    reading = Reading()
    try:
        reading.response = response = await model.acall(messages, **{"stream": True, **arguments})
        if response.stream is not None:
            async for snapshot in response.stream:
                reading.snapshots.append(snapshot)
    except StreamError as error:
        reading.error = error
    return reading


def refused(model: ModelWrapper, messages: Any = "hi", /, **arguments: Any) -> StreamError:
    """The error that the call itself raises. Fails if the call raises none."""
    return _refusal(read(model, messages, **arguments))


async def arefused(model: ModelWrapper, messages: Any = "hi", /, **arguments: Any) -> StreamError:
    """Do the same from a coroutine."""
    return _refusal(await aread(model, messages, **arguments))


class Reader:
    """`read` and `refused`, sync or async, for tests that run both ways.

    With `way="async"` each call runs in its own event loop.
    """

    def __init__(self, way: Literal["sync", "async"]) -> None:
        self.way = way

    def __call__(self, model: ModelWrapper, messages: Any = "hi", /, **arguments: Any) -> Reading:
        """Call the model and read its answer to the end, or to its error."""
        return self.each(model, 1, messages, **arguments)[0]

    def each(
        self, model: ModelWrapper, count: int, messages: Any = "hi", /, **arguments: Any
    ) -> list[Reading]:
        """Do so `count` times in sequence; async calls share one event loop."""
        if self.way == "sync":
            return [read(model, messages, **arguments) for _ in range(count)]

        async def each() -> list[Reading]:
            return [await aread(model, messages, **arguments) for _ in range(count)]

        return asyncio.run(each())

    def refused(self, model: ModelWrapper, messages: Any = "hi", /, **arguments: Any) -> StreamError:
        """The error that the call itself raises. Fails if the call raises none."""
        return _refusal(self(model, messages, **arguments))

    def __repr__(self) -> str:
        return f"Reader({self.way!r})"


def _refusal(reading: Reading) -> StreamError:
    if reading.error is None:
        raise AssertionError(f"the call was not refused: the answer is {reading.text!r}")
    if not reading.refused:
        raise AssertionError("the call returned a response, and only reading it raised") from reading.error
    return reading.error
