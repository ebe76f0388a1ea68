"""Server-sent events, as specified in the WHATWG HTML standard, 9.2.6.

There are three differences from the standard. `finish` returns an event that has no blank line before the end
of the stream, so that nothing is lost if a server omits the last line end. JSON in the place of an event,
which the standard ignores, is returned as data: it is an error, or the answer of a server that did not stream
it although the request asked for that. And a field `error`, which some servers send, makes an event of that
name; other lines that the standard ignores are kept in `rest`, since a gateway reports its failures so.
"""

from __future__ import annotations

from typing import NamedTuple

from modelstream.wire.framing import Pending, Rest


class SseEvent(NamedTuple):
    """One event: its data, its `event` field, its comment lines, and its lines that are not of the format."""

    data: bytes
    event: bytes
    comments: tuple[bytes, ...]
    rest: bytes = b""


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
    """Returns the data of each event as bytes (`ErrorData` if the event is named `error`).

    `rest` keeps the lines that are not of the format.
    """

    def __init__(self) -> None:
        self.rest = Rest()
        self._blocks = _EventBlocks()

    def feed(self, data: bytes) -> list[bytes]:
        """The data of the events that `data` completes."""
        # The common case, one event of one line: servers send event by event.
        if self._blocks.between and data.startswith(b"data: ") and data.endswith(b"\n\n"):
            line = data[6:-2]
            if line and b"\n" not in line and b"\r" not in line:
                return [line]
        return _data_of(self._blocks.feed(data), self.rest)

    def finish(self) -> list[bytes]:
        """The data of the event that was not followed by a blank line."""
        return _data_of(_without_cut_line(self._blocks.finish()), self.rest)


class SseEventFramer:
    """Returns whole events, for providers that use the `event` field or comments.

    `rest` keeps the lines that are not of the format.
    """

    def __init__(self) -> None:
        self.rest = Rest()
        self._blocks = _EventBlocks()

    def feed(self, data: bytes) -> list[SseEvent]:
        """The events with data that `data` completes."""
        return self._events_of(self._blocks.feed(data))

    def finish(self) -> list[SseEvent]:
        """The event that was not followed by a blank line."""
        return self._events_of(_without_cut_line(self._blocks.finish()))

    def _events_of(self, blocks: list[bytes]) -> list[SseEvent]:
        events = [_event_of(block) for block in blocks]
        for event in events:
            if event.rest:
                self.rest.add(event.rest)
        return [event for event in events if event.data]


def _data_of(blocks: list[bytes], rest: Rest) -> list[bytes]:
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
        if event.rest:
            rest.add(event.rest)
    return found


_FIELDS = (b"data", b"event", b"id", b"retry", b"error")


def _without_cut_line(blocks: list[bytes]) -> list[bytes]:
    """The block at the end of the stream, without a last line that is the beginning of a field's name."""
    if blocks:
        start, line_end, last = blocks[0].rpartition(b"\n")
        if any(field.startswith(last) for field in _FIELDS):
            return [start + line_end]
    return blocks


def _event_of(block: bytes) -> SseEvent:
    if block.lstrip(b"\n").startswith(b"{"):
        return SseEvent(block, b"", ())
    data: list[bytes] = []
    event = b""
    comments: list[bytes] = []
    rest: list[bytes] = []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            event = value
        elif not field and line:
            comments.append(value)
        elif field == b"error" and value:
            data.append(value)
            event = b"error"
        elif line and field not in _FIELDS:
            rest.append(line)
    if event == b"error" and not data:
        rest.append(b"event: error")
    return SseEvent(b"\n".join(data), event, tuple(comments), b"\n".join(rest))
