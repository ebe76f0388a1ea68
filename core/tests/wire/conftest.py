"""An HTTP answer in memory, read through the whole core as a user reads it."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace

import pytest

from modelstream.errors import StreamError
from modelstream.wire import OpenAIFrames, SseFramer, WireWrapper


class Pieces:
    """A ByteStream and an AsyncByteStream of existing pieces; a piece may be an exception."""

    def __init__(self, pieces, status=200, headers=None):
        self.pieces = list(pieces)
        self.status = status
        self.headers = headers or {"content-type": "text/event-stream"}
        self.ended = []

    def __iter__(self):
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def __aiter__(self):
        for piece in self:
            yield piece

    def read(self):
        return b"".join(self)

    async def aread(self):
        return b"".join(self)

    def drain(self):
        self.ended.append("drained")

    async def adrain(self):
        self.ended.append("drained")

    def close(self):
        self.ended.append("closed")

    async def aclose(self):
        self.ended.append("closed")

    def abort(self):
        self.ended.append("aborted")


class InMemory(WireWrapper):
    """Answers in OpenAI's format by default."""

    model_type = "in_memory"
    framer = SseFramer

    def __init__(self, answer, frames=OpenAIFrames):
        super().__init__(max_retries=0)
        self.answer = answer
        self.frames = frames

    def open(self, request):
        return self.answer

    async def aopen(self, request):
        return self.answer

    def frame_reader(self, request):
        return self.frames()


def outcome(response, snapshots, error):
    return SimpleNamespace(
        snapshots=snapshots,
        text=response.partial_text,
        reasoning=response.reasoning,
        tool_calls=[(call.name, call.arguments) for call in response.tool_calls],
        ids=[call.id for call in response.tool_calls],
        finish_reason=response.finish_reason,
        raw_finish_reason=response.raw_finish_reason,
        usage=response.usage,
        raw=response.raw,
        error=error,
    )


def read(wrapper, *, stream=True, raw=False):
    """What a sync reader of the wrapper's answer sees."""
    try:
        response = wrapper("hi", stream=stream, raw=raw)
    except StreamError as error:
        return SimpleNamespace(error=error, snapshots=[], text=error.partial_text)
    snapshots, error = [], None
    try:
        snapshots += response.stream or []
    except StreamError as failed:
        error = failed
    return outcome(response, snapshots, error)


def aread(wrapper, *, stream=True, raw=False):
    """The same from a coroutine."""

    async def call():
        try:
            response = await wrapper.acall("hi", stream=stream, raw=raw)
        except StreamError as error:
            return SimpleNamespace(error=error, snapshots=[], text=error.partial_text)
        snapshots, error = [], None
        try:
            if stream:
                async for snapshot in response.stream:
                    snapshots.append(snapshot)  # noqa: PERF401
        except StreamError as failed:
            error = failed
        return outcome(response, snapshots, error)

    return asyncio.run(call())


@pytest.fixture(scope="session")
def pieces():
    return Pieces


@pytest.fixture(scope="session")
def in_memory():
    return InMemory


@pytest.fixture(scope="session", params=[read, aread], ids=["sync", "async"])
def reading(request):
    return request.param


@pytest.fixture(scope="session")
def answered():
    """What a user reads from these frames: dicts, or bytes that are sent as they are."""

    def answered(*frames, stream=True):
        sent = [
            frame if isinstance(frame, bytes) else b"data: %b\n\n" % json.dumps(frame).encode()
            for frame in frames
        ]
        return read(InMemory(Pieces(sent)), stream=stream)

    return answered
