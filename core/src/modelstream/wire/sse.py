"""Server-sent events, as specified in the WHATWG HTML standard, 9.2.6.

There are two differences from the standard. `finish` returns an event that has no blank line before the end
of the stream, so that nothing is lost if a server omits the last line end. And JSON in the place of an event,
which the standard ignores, is returned as data: it is an error, or the answer of a server that did not stream
it although the request asked for that.
"""

from __future__ import annotations

from typing import NamedTuple

from modelstream.wire.framing import Pending


class SseEvent(NamedTuple):
    """One event: its data, its `event` field and its comment lines."""

    data: bytes
    event: bytes
    comments: tuple[bytes, ...]


class ErrorData(bytes):
    """The data of an event that is named `error`."""

    __slots__ = ()


class _EventBlocks:
    """Cuts a byte stream into blocks at blank lines, and normalises line ends to LF."""

    def __init__(self) -> None:
        self.between = False
        """Whether all bytes so far were returned, so that the next byte begins a block."""
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
        return blocks if self._begun else self._without_bom(blocks)

    def finish(self) -> list[bytes]:
        """The block that was not followed by a blank line, if there is one."""
        rest = self._pending.take()
        return self._without_bom([rest]) if rest else []

    def _without_bom(self, blocks: list[bytes]) -> list[bytes]:
        # Not earlier than here: the byte order mark may arrive in pieces.
        if not self._begun:
            self._begun = True
            blocks[0] = blocks[0].removeprefix(b"\xef\xbb\xbf")
        return blocks

    def _with_lf(self, data: bytes) -> bytes:
        # A CR ends its line at once; a LF at the start of the next read belongs to it. Waiting for that LF
        # would delay an event by one read.
        if self._after_cr and data:
            data = data.removeprefix(b"\n")
            self._after_cr = False
        if data.endswith(b"\r"):
            self._after_cr = True
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


class SseFramer:
    """Returns the data of each event as bytes (`ErrorData` if the event is named `error`)."""

    def __init__(self) -> None:
        self._blocks = _EventBlocks()

    def feed(self, data: bytes) -> list[bytes]:
        """The data of the events that `data` completes."""
        # The common case, one event of one line: servers send event by event.
        if self._blocks.between and data.startswith(b"data: ") and data.endswith(b"\n\n"):
            line = data[6:-2]
            if line and b"\n" not in line and b"\r" not in line:
                return [line]
        return _data_of(self._blocks.feed(data))

    def finish(self) -> list[bytes]:
        """The data of the event that was not followed by a blank line."""
        return _data_of(self._blocks.finish())


class SseEventFramer:
    """Returns whole events, for providers that use the `event` field or comments."""

    def __init__(self) -> None:
        self._blocks = _EventBlocks()

    def feed(self, data: bytes) -> list[SseEvent]:
        """The events with data that `data` completes."""
        return [event for block in self._blocks.feed(data) if (event := _event_of(block)).data]

    def finish(self) -> list[SseEvent]:
        """The event that was not followed by a blank line."""
        return [event for block in self._blocks.finish() if (event := _event_of(block)).data]


def _data_of(blocks: list[bytes]) -> list[bytes]:
    found = []
    for block in blocks:
        # Nearly every event is one line; skip the full parse for those.
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
