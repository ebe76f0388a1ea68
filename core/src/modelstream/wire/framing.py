"""Framers: cut arriving bytes into frames of one JSON value each.

A framer returns a frame as soon as its last byte has arrived, wherever the network split the bytes. It works
on bytes and never decodes, so a character that is split between reads does no harm. Only CR and LF end a
line; Unicode's other line ends (U+2028, U+2029, U+0085) may stand inside JSON.
"""

from __future__ import annotations

import re
from typing import Any, Protocol

from modelstream.errors import MalformedDataError

MAX_FRAME = 64 * 1024 * 1024
"""The maximum size of a frame in bytes. A longer one is a fault, or an attack on our memory."""


class Framer(Protocol):
    """Cuts one byte stream into frames; each stream needs its own framer."""

    def feed(self, data: bytes) -> list[Any]:
        """The frames that `data` completes, in order."""

    def finish(self) -> list[Any]:
        """The bytes after the last whole frame, once the stream has ended; they may be half a frame."""


MAX_REST = 1000
"""Bytes that are kept of what is not part of an answer: enough for an error message."""


class Rest:
    """Bytes outside the frames, such as the text of a gateway's error, kept for an error message."""

    __slots__ = ("_last", "_start")

    def __init__(self) -> None:
        self._start = b""
        self._last = b""

    def add(self, data: bytes) -> None:
        """Keep `data`; of long ones the beginning, and of many the first and the latest."""
        data = data.strip()
        if not data:
            return
        if len(self._start) + len(data) < MAX_REST:
            self._start = self._start + b"\n" + data if self._start else data
        elif self._start:
            self._last = data[:MAX_REST]
        else:
            self._start = data[:MAX_REST]

    @property
    def content(self) -> bytes:
        """What was kept."""
        return self._start + b"\n" + self._last if self._last else self._start


class Pending:
    """The bytes of an incomplete frame, kept in pieces so that a long frame takes linear time."""

    __slots__ = ("_pieces", "_size")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def ends_with(self, byte: bytes) -> bool:
        """Whether the last pending byte is `byte`."""
        return bool(self._pieces) and self._pieces[-1].endswith(byte)

    def add(self, data: bytes) -> None:
        """Keep `data`. Raises `MalformedDataError` when the frame gets too long."""
        if data:
            self._size += len(data)
            if self._size > MAX_FRAME:
                raise MalformedDataError(f"a frame is longer than {MAX_FRAME} bytes and still goes on")
            self._pieces.append(data)

    def take(self, data: bytes = b"") -> bytes:
        """All pending bytes, followed by `data`; nothing is pending afterwards."""
        if not self._pieces:
            return data
        self._pieces.append(data)
        whole = b"".join(self._pieces)
        self._pieces = []
        self._size = 0
        return whole


class NdjsonFramer:
    """One JSON value per line (application/x-ndjson)."""

    def __init__(self) -> None:
        self._pending = Pending()

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes, without blank ones."""
        if b"\n" not in data:
            self._pending.add(data)
            return []
        *lines, rest = self._pending.take(data).split(b"\n")
        self._pending.add(rest)
        return [line for line in lines if line and not line.isspace()]

    def finish(self) -> list[bytes]:
        """The last line, if it had no line end."""
        rest = self._pending.take().strip()
        return [rest] if rest else []


_STRUCTURE = re.compile(rb'["\\{}\[\]]')
_BETWEEN = b" \t\r\n,[]\xef\xbb\xbf"


class JsonArrayFramer:
    """The elements of one JSON array of objects, as they arrive. An object alone is a frame, too.

    `rest` keeps what stands outside the objects.
    """

    def __init__(self) -> None:
        self.rest = Rest()
        self._pending = Pending()
        self._depth = 0
        self._in_string = False
        self._escaped = False

    def feed(self, data: bytes) -> list[bytes]:
        """The objects that `data` completes."""
        frames: list[bytes] = []
        begin = 0 if self._depth else len(data)
        outside = len(data) if self._depth else 0
        skip = 1 if self._escaped and data else 0
        self._escaped = self._escaped and not data
        for found in _STRUCTURE.finditer(data):
            at = found.start()
            if at < skip:
                continue
            mark = found[0]
            if mark == b"\\":
                # A backslash escapes the next byte, which may not have arrived yet.
                skip = at + 2
                self._escaped = self._in_string and skip > len(data)
            elif mark == b'"':
                self._in_string = self._depth > 0 and not self._in_string
            elif self._in_string:
                continue
            elif mark == b"{" or (mark == b"[" and self._depth):
                if not self._depth:
                    begin = at
                    self.rest.add(data[outside:at].strip(_BETWEEN))
                self._depth += 1
            elif self._depth:
                self._depth -= 1
                if not self._depth:
                    frames.append(self._pending.take(data[begin : at + 1]))
                    begin, outside = len(data), at + 1
        self._pending.add(data[begin:])
        self.rest.add(b"" if self._depth else data[outside:].strip(_BETWEEN))
        return frames

    def finish(self) -> list[bytes]:
        """The incomplete object at the end, if there is one."""
        rest = self._pending.take()
        return [rest] if rest else []
