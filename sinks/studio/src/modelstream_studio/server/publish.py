"""`POST /v1/publish` and `GET /v1/commands`: the log of a program, and commands for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import JSONResponse, Response

from modelstream_studio.frames import (
    LONG_POLL,
    MAX_BODY,
    MAX_LINE,
    AnyFrame,
    Batch,
    Commands,
    Persisted,
    Refusal,
)
from modelstream_studio.server import limits
from modelstream_studio.server.hub import Hub, TooManyError, UnknownProducerError

if TYPE_CHECKING:
    from starlette.requests import Request

    from modelstream_studio.server.producers import Producer

STORE_SECONDS = 5.0
"""Seconds that a batch waits for the store; after that the producer sends it again."""

PORTION = 1 << 14
"""Bytes of a batch that are taken in before other requests get a turn."""

_encode = msgspec.json.Encoder()
_decode_head = msgspec.json.Decoder(Batch)
_decode_frame = msgspec.json.Decoder(AnyFrame)


async def publish(request: Request) -> Response:
    """Take in a batch, and answer when it is stored."""
    hub: Hub = request.app.state.hub
    body = await body_of(request, MAX_BODY)
    if body is None:
        return error(413, f"A batch has at most {MAX_BODY} bytes.")
    head, _, rest = body.partition(b"\n")
    try:
        batch = _decode_head.decode(head)
    except msgspec.DecodeError as why:
        return error(400, f"The first line is not the head of a batch: {why}.")
    if hub.store.failure is not None:
        return error(503, f"The database can't be written to: {hub.store.failure}.", retry_after=1)
    producer = _admitted(hub, batch, len(body))
    if isinstance(producer, Response):
        return producer
    return await _take(hub, producer, batch.first, [line for line in rest.split(b"\n") if line])


def _admitted(hub: Hub, batch: Batch, size: int) -> Producer | Response:
    """The producer of a batch, or the response if its run is missing or it sends too much."""
    try:
        producer = hub.producer(batch)
    except UnknownProducerError:
        return _reply(409, Persisted(0))
    except TooManyError:
        return error(429, f"{limits.PRODUCERS} producers are connected already.", retry_after=5)
    pause = max(producer.bytes_left.take(size), producer.batches_left.take(1))
    return error(429, "This producer sends too much.", retry_after=pause) if pause else producer


async def _take(hub: Hub, producer: Producer, first: int, lines: list[bytes]) -> Response:
    if producer.returns(first + len(lines) - 1):
        await hub.stored()
        producer.revive()
    if first > producer.applied + 1:
        return _reply(409, Persisted(producer.stored))
    refused: list[Refusal] = []
    while remaining := lines[producer.applied + 1 - first :]:
        part = _portion(remaining)
        refused += hub.take(producer, [_frame(n, line) for n, line in enumerate(part, producer.applied + 1)])
        if len(part) < len(remaining):
            hub.tick()
            await asyncio.sleep(0)  # let others run, perhaps this producer with the same batch again
    if producer.stored < producer.applied:
        try:
            async with asyncio.timeout(STORE_SECONDS):
                await hub.stored()
        except TimeoutError:
            return error(503, "The database is too slow.", retry_after=1)
    return _reply(200, Persisted(producer.stored, refused))


async def commands(request: Request) -> Response:
    """The commands for a producer, as soon as there are any."""
    hub: Hub = request.app.state.hub
    producer = request.query_params.get("producer", "")
    after = request.query_params.get("after", "0")
    if not producer or not after.isdecimal():
        return error(400, "The query must name a producer and a number: ?producer=ID&after=N")
    found = await hub.commands.after(producer, int(after), 0 if hub.closed else LONG_POLL)
    return _json(_encode.encode(Commands(found)))


async def body_of(request: Request, limit: int) -> bytes | None:
    """The body of a request, or None if it is larger than `limit`."""
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > limit:
        return None
    parts = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            return None
        parts.append(part)
    return b"".join(parts)


def error(status: int, message: str, *, retry_after: float | None = None) -> Response:
    """An error response with a message for the program's log."""
    headers = {} if retry_after is None else {"retry-after": str(max(1, round(retry_after)))}
    return JSONResponse({"error": message}, status, headers)


def _portion(lines: list[bytes]) -> list[bytes]:
    """As many of the lines as are taken in at once, at least one."""
    size = 0
    for count, line in enumerate(lines):
        size += len(line)
        if size > PORTION:
            return lines[: max(count, 1)]
    return lines


def _frame(n: int, line: bytes) -> AnyFrame | Refusal:
    if len(line) > MAX_LINE:
        return Refusal(n, f"a frame has at most {MAX_LINE} bytes")
    try:
        frame: AnyFrame = _decode_frame.decode(line)
    except msgspec.DecodeError as why:
        return Refusal(n, str(why))
    return frame


def _reply(status: int, reply: Persisted) -> Response:
    return _json(_encode.encode(reply), status)


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json")
