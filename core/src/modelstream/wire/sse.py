"""Server-sent events, after the WHATWG HTML standard, 9.2.6.

Read as the standard says, with two differences. An event that the end of the stream left without its blank
line is handed out by `finish`, so that a server which forgets the last line end loses nothing. And JSON that
stands where an event should, which the standard would ignore, is handed out like data: it is an error, or an
answer that a server did not stream although it was asked to.
"""

from __future__ import annotations

from typing import NamedTuple

from modelstream.wire.framing import Pending


class SseEvent(NamedTuple):
    """One event with what stands around its data: its `event` field and its comment lines."""

    data: bytes
    event: bytes
    comments: tuple[bytes, ...]


class ErrorData(bytes):
    """The data of an event that is named `error`."""

    __slots__ = ()


class _EventBlocks:
    """Cuts a byte stream into the blocks between blank lines, with every line end made LF."""

    def __init__(self) -> None:
        self.between = False
        """Whether all that came so far was given out, so that the next byte begins a block."""
        self._pending = Pending()
        self._begun = False
        self._after_cr = False

    def feed(self, data: bytes) -> list[bytes]:
        """The blocks that `data` completes."""
        if self._after_cr or b"\r" in data:
            data = self._with_lf(data)
        split = b"\n\n" in data or (data.startswith(b"\n") and self._pending.ends_with(b"\n"))
        if not split:
            self._pending.add(data)
            self.between = self.between and not data
            return []
        *blocks, rest = self._pending.take(data).split(b"\n\n")
        self._pending.add(rest)
        self.between = not (rest or self._after_cr)
        return blocks if self._begun else self._without_mark(blocks)

    def finish(self) -> list[bytes]:
        """The block that had no blank line behind it."""
        rest = self._pending.take()
        return self._without_mark([rest]) if rest else []

    def _without_mark(self, blocks: list[bytes]) -> list[bytes]:
        # Looked for only now: the byte order mark may have come in pieces.
        if not self._begun:
            self._begun = True
            blocks[0] = blocks[0].removeprefix(b"\xef\xbb\xbf")
        return blocks

    def _with_lf(self, data: bytes) -> bytes:
        # A CR ends its line at once; if a LF follows in the next read, that belongs to it. Waiting for it
        # instead would hold back an event by one read.
        if self._after_cr and data:
            data = data.removeprefix(b"\n")
            self._after_cr = False
        if data.endswith(b"\r"):
            self._after_cr = True
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


class SseFramer:
    """The data of each event as bytes (`ErrorData` if it is named `error`): enough for most providers."""

    def __init__(self) -> None:
        self._blocks = _EventBlocks()

    def feed(self, data: bytes) -> list[bytes]:
        """The data of the events that `data` completes."""
        # Mostly it is one event of one line: servers send event by event.
        if self._blocks.between and data.startswith(b"data: ") and data.endswith(b"\n\n"):
            line = data[6:-2]
            if line and b"\n" not in line and b"\r" not in line:
                return [line]
        return _data_of(self._blocks.feed(data))

    def finish(self) -> list[bytes]:
        """The data of the event that had no blank line behind it."""
        return _data_of(self._blocks.finish())


class SseEventFramer:
    """Whole events, for providers that say something in the `event` field or in comments."""

    def __init__(self) -> None:
        self._blocks = _EventBlocks()

    def feed(self, data: bytes) -> list[SseEvent]:
        """The events with data that `data` completes."""
        return [event for block in self._blocks.feed(data) if (event := _event_of(block)).data]

    def finish(self) -> list[SseEvent]:
        """The event that had no blank line behind it."""
        return [event for block in self._blocks.finish() if (event := _event_of(block)).data]


def _data_of(blocks: list[bytes]) -> list[bytes]:
    found = []
    for block in blocks:
        # Nearly every event is one line; the rest takes the long way.
        if block.startswith(b"data: ") and b"\n" not in block:
            if len(block) > 6:
                found.append(block[6:])
            continue
        event = _event_of(block)
        if event.data:
            found.append(ErrorData(event.data) if event.event == b"error" else event.data)
    return found


def _event_of(block: bytes) -> SseEvent:
    if block.lstrip(b"\n").startswith(b"{"):
        return SseEvent(block, b"", ())
    data: list[bytes] = []
    event = b""
    comments: list[bytes] = []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            event = value
        elif not field and line:
            comments.append(value)
    return SseEvent(b"\n".join(data), event, tuple(comments))
