"""The two formats in which the API streams: server-sent events, and one JSON array."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelstream.wire import JSON_ARRAY, SSE, Framer, Framing, JsonArrayFramer, SseFramer

if TYPE_CHECKING:
    from modelstream.wire import Rest


class GeminiFramer:
    """Frames of server-sent events, or of the JSON array that servers send if they ignore `alt=sse`.

    The first byte shows which of them it is.
    """

    def __init__(self) -> None:
        self._framer: Framer | None = None

    @property
    def rest(self) -> Rest | None:
        """What is not part of the frames."""
        return getattr(self._framer, "rest", None)

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that `data` completes."""
        if self._framer is None:
            data = data.lstrip()
            if not data:
                return []
            self._framer = JsonArrayFramer() if data[:1] in b"[{" else SseFramer()
        return self._framer.feed(data)

    def finish(self) -> list[bytes]:
        """The last frame, if it is complete but for its end."""
        return [] if self._framer is None else self._framer.finish()


EVENTS = Framing(SSE.content_type, GeminiFramer, SSE.write)
"""Written as server-sent events, for requests with `alt=sse`; reads both formats."""

ARRAY = Framing(JSON_ARRAY.content_type, GeminiFramer, JSON_ARRAY.write, JSON_ARRAY.tail)
"""Written as a JSON array, for requests without `alt=sse`; reads both formats."""
