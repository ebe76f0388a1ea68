"""Server-sent events, as specified in the WHATWG HTML standard, 9.2.6.

There are a few differences from the standard. `finish` returns an event that has no blank line before the end
of the stream, so that nothing is lost if a server omits the last line end. JSON in the place of an event,
which the standard ignores, is returned as data: it is an error, or the answer of a server that did not stream
it although the request asked for that. A field `error`, which some servers send, makes an event of that name;
other lines that the standard ignores are kept in `rest`, since a gateway reports its failures so. `SseFramer`
also reads what a server with a mistake in its format means: JSON objects line by line, without blank lines,
and line ends inside a JSON string.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from modelstream.wire.decoding import ends_in_string, is_object
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
    """Cuts a byte stream into blocks at blank lines, and normalises line ends to LF.

    With `by_line`, each line of data is an event if the first one is a whole JSON object and a second one
    follows it without a blank line.
    """

    def __init__(self, *, by_line: bool = False) -> None:
        self.between = False
        """Whether all bytes so far were returned, so that the next byte begins a block."""
        self._pending = Pending()
        self._begun = False
        self._after_cr = False
        self._may_be_by_line = by_line
        self._by_line = False

    def feed(self, data: bytes) -> list[bytes]:
        """The blocks that `data` completes."""
        if self._after_cr or b"\r" in data:
            data = self._with_lf(data)
        if self._by_line:
            return self._lines(data)
        split = b"\n\n" in data or (data.startswith(b"\n") and self._pending.ends_with(b"\n"))
        if not split:
            return self._unsplit(data)
        *blocks, rest = self._pending.take(data).split(b"\n\n")
        self._pending.add(rest)
        self.between = not (rest or self._after_cr)
        return blocks if self._begun else self._without_bom(blocks)

    def _unsplit(self, data: bytes) -> list[bytes]:
        second = b"\ndata:" in data or (data.startswith(b"data:") and self._pending.ends_with(b"\n"))
        self._pending.add(data)
        self.between = self.between and not data
        if not (second and self._may_be_by_line):
            return []
        block = self._pending.take()
        line = block.partition(b"data:")[2].partition(b"\n")[0]
        # Looked at once: of an event with many lines, the second one shows that it is an ordinary one.
        self._may_be_by_line = self._by_line = is_object(line)
        if self._by_line:
            return self._without_bom(self._lines(block))
        self._pending.add(block)
        return []

    def _lines(self, data: bytes) -> list[bytes]:
        """Blocks that end with their line of data."""
        self.between = False
        *lines, rest = self._pending.take(data).split(b"\n")
        blocks: list[bytes] = []
        block: list[bytes] = []
        for line in filter(None, lines):
            block.append(line)
            if line.startswith(b"data:"):
                blocks.append(b"\n".join(block))
                block = []
        self._pending.add(b"\n".join([*block, rest]))
        return blocks

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
        self._blocks = _EventBlocks(by_line=True)
        # A block that ended inside a JSON string.
        self._cut = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The data of the events that `data` completes."""
        # The common case, one event of one line: servers send event by event.
        if self._blocks.between and data.startswith(b"data: ") and data.endswith(b"}\n\n"):
            line = data[6:-2]
            if b"\n" not in line and b"\r" not in line:
                return [line]
        return self._data_of(self._blocks.feed(data))

    def finish(self) -> list[bytes]:
        """The data of the event that was not followed by a blank line."""
        found = self._data_of(_without_cut_line(self._blocks.finish()))
        cut, self._cut = self._cut, b""
        return found + self._frames_of(cut) if cut else found

    def _data_of(self, blocks: list[bytes]) -> list[bytes]:
        found: list[bytes] = []
        for block in blocks:
            if self._cut:
                block = self._resumed(block, found)  # noqa: PLW2901
            # Nearly every event is one line; skip the full parse for those.
            if block.startswith(b"data: ") and block.endswith(b"}") and b"\n" not in block:
                found.append(block[6:])
            elif _is_cut(block):
                self._cut = block
                self._blocks.between = False
            else:
                found += self._frames_of(block)
        return found

    def _resumed(self, block: bytes, found: list[bytes]) -> bytes:
        """`block` after the one that it continues, if it is not an event."""
        cut, self._cut = self._cut, b""
        if _FIELD.match(block) is None:
            return cut + b"\n\n" + block
        found += self._frames_of(cut)
        return block

    def _frames_of(self, block: bytes) -> list[bytes]:
        event = _event_of(block)
        if event.rest:
            self.rest.add(event.rest)
        data = event.data
        if not data or (event.event in _KEEPALIVES and not data.startswith(b"{")):
            return []
        frames = [data] if b"\n" not in block else _documents(data, block)
        return [ErrorData(frame) for frame in frames] if event.event.lower() == b"error" else frames


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


_FIELD = re.compile(rb"\n*(?:(?:data|event|id|retry)?:|\[?\{)")
_MAX_CUT = 64 * 1024
"""The size up to which a block may continue another: longer ones would be read again too often."""
_KEEPALIVES = frozenset({b"ping", b"pong", b"keepalive", b"keep-alive", b"keep_alive", b"heartbeat"})


def _is_cut(block: bytes) -> bool:
    if block.endswith(b"}") or len(block) > _MAX_CUT:
        return False
    data = block.partition(b"data:")[2].lstrip()
    return data.startswith(b"{") and ends_in_string(data)


def _documents(data: bytes, block: bytes) -> list[bytes]:
    """The data of an event of several lines, which may be several JSON objects, or one with raw line ends."""
    if not data.startswith(b"{") or is_object(data):
        return [data]
    lines = [line for line in data.split(b"\n") if line]
    if len(lines) > 1 and is_object(lines[0]):
        return lines
    text = block.partition(b"data:")[2].strip()
    return [text if is_object(text) else data]


_FIELDS = (b"data", b"event", b"id", b"retry", b"error")


def _without_cut_line(blocks: list[bytes]) -> list[bytes]:
    """The block at the end of the stream, without a last line that is the beginning of a field's name."""
    if blocks:
        start, line_end, last = blocks[0].rpartition(b"\n")
        if any(field.startswith(last) for field in _FIELDS):
            return [start + line_end]
    return blocks


def _event_of(block: bytes) -> SseEvent:
    if block.lstrip(b"\n").startswith((b"{", b"[{")):
        return SseEvent(block, b"", ())
    data: list[bytes] = []
    event = b""
    comments: list[bytes] = []
    rest: list[bytes] = []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field.startswith(b" ") and field.lstrip() in _FIELDS:
            field = field.lstrip()
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
