"""The two forms in which the API streams: server-sent events, and one JSON array."""

from __future__ import annotations

from modelstream.wire import Framer, JsonArrayFramer, SseFramer

END = b""
"""The frame behind the last one of a body that ended as HTTP wants it."""


class GeminiFramer:
    """Frames of server-sent events, or of the JSON array that comes where `alt=sse` is not heeded.

    Which of them it is, the first byte tells. Behind a body that ended well comes the frame `END`.
    """

    def __init__(self) -> None:
        self._framer: Framer | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that `data` completes."""
        if self._framer is None:
            data = data.lstrip()
            if not data:
                return []
            self._framer = JsonArrayFramer() if data[:1] in b"[{" else SseFramer()
        return self._framer.feed(data)

    def finish(self) -> list[bytes]:
        """What came behind the last whole frame, and `END`."""
        rest = [] if self._framer is None else self._framer.finish()
        return [*rest, END]
