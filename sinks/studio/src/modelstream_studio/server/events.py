"""`GET /v1/events`: all changes as server-sent events.

One connection carries the summaries of all runs and everything of one run. A browser that reconnects
continues where it was; one that is too far behind gets a snapshot. Neither affects the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response, StreamingResponse

from modelstream_studio.server.publish import error
from modelstream_studio.server.showing import full_snapshot

if TYPE_CHECKING:
    from starlette.requests import Request

    from modelstream_studio.server.hub import Hub

HEARTBEAT = 5.0
"""Seconds of silence after which a comment keeps the connection alive."""


async def events(request: Request) -> Response:
    """A stream of events, from the position in `Last-Event-ID` or `after` on."""
    hub: Hub = request.app.state.hub
    run = request.query_params.get("run") or None
    if run is not None and run not in hub.runs and hub.archive.run(run) is None:
        return error(404, f"There is no run {run[:80]!r}.")
    position = request.headers.get("last-event-id") or request.query_params.get("after", "")
    headers = {"x-accel-buffering": "no"}
    return StreamingResponse(
        _event_bytes(hub, run, position), media_type="text/event-stream", headers=headers
    )


async def _event_bytes(hub: Hub, run: str | None, position: str) -> AsyncIterator[bytes]:
    yield b": modelstream studio\n\n"
    seq = hub.ring.found(position)
    while not hub.closed:
        if seq is None or not hub.ring.holds(seq):
            data = msgspec.json.encode(full_snapshot(hub, run))
            seq = hub.ring.seq
            yield b"id: %s\nevent: snapshot\ndata: %s\n\n" % (hub.ring.position.encode(), data)
        elif seq < hub.ring.seq:
            seq, before = hub.ring.seq, seq
            events = hub.ring.after(before, run)
            if events:
                yield events
        else:
            try:
                async with asyncio.timeout(HEARTBEAT):
                    await hub.ticked()
            except TimeoutError:
                yield b":\n\n"
