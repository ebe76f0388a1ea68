"""How frames are joined to a body and split from it: one `Framing` for each format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from modelstream.wire.framing import Framer, JsonArrayFramer, NdjsonFramer
from modelstream.wire.sse import SseEventFramer, SseFramer


@dataclass(frozen=True)
class Framing:
    """A body format, for reading and writing.

    * `content_type` is the media type of a streamed body.
    * `framer()` creates a new framer, which cuts one body into frames.
    * `write(payload, position, event)` returns the frame number `position` of its body, counted from 0;
    `event` is
      the name of an SSE event, or None.
    * `tail` is what a complete body has after its last frame.
    """

    content_type: str
    framer: Callable[[], Framer] = field(compare=False)
    write: Callable[[bytes, int, str | None], bytes] = field(compare=False)
    tail: bytes = b""

    def frame(self, payload: bytes, position: int, event: str | None = None) -> bytes:
        """One frame with this payload. Raises `ValueError` for an `event` in a format without event names."""
        return self.write(payload, position, event)


def _sse(payload: bytes, _position: int, event: str | None) -> bytes:
    data = payload if b"\n" not in payload else payload.replace(b"\n", b"\ndata: ")
    event_line = b"" if event is None else b"event: %b\n" % event.encode()
    return b"%bdata: %b\n\n" % (event_line, data)


def _ndjson(payload: bytes, _position: int, event: str | None) -> bytes:
    _check_no_event(event)
    return b"%b\n" % payload


def _json_array(payload: bytes, position: int, event: str | None) -> bytes:
    _check_no_event(event)
    return (b",\r\n%b" if position else b"[%b") % payload


def _check_no_event(event: str | None) -> None:
    if event is not None:
        raise ValueError(f"the event {event!r} can't be written: only server-sent events have names")


SSE = Framing("text/event-stream", SseFramer, _sse)
"""Server-sent events, read as their data: `data: …` and a blank line."""

SSE_EVENTS = Framing("text/event-stream", SseEventFramer, _sse)
"""Server-sent events, read as `SseEvent`s, for formats that use the `event` field or comments."""

NDJSON = Framing("application/x-ndjson", NdjsonFramer, _ndjson)
"""One JSON document per line."""

JSON_ARRAY = Framing("application/json", JsonArrayFramer, _json_array, b"]")
"""One JSON array, written element by element."""
