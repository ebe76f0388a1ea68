"""Bytes as they arrive, cut into frames: one JSON value each.

A framer gives a frame out as soon as its last byte is there, wherever the network cut the bytes. It works on
bytes and never decodes: a character is only looked at when its frame is whole. Only CR and LF end a line, so
the other characters that Unicode calls line ends (U+2028, U+2029, U+0085) are left alone inside JSON.
"""

from __future__ import annotations

import re
from typing import Any, Protocol

from modelstream.errors import MalformedDataError

MAX_FRAME = 64 * 1024 * 1024
"""Bytes that one frame may have. What is longer is no answer but a fault, or an attack on our memory."""


class Framer(Protocol):
    """Cuts one byte stream into frames; each stream needs a framer of its own."""

    def feed(self, data: bytes) -> list[Any]:
        """The frames that `data` completes, in order."""

    def finish(self) -> list[Any]:
        """What came behind the last whole frame, once the stream has ended: perhaps half a frame."""


class Pending:
    """Bytes that wait for the rest of their frame, kept in pieces so that a long frame costs linear time."""

    __slots__ = ("_pieces", "_size")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def ends_with(self, byte: bytes) -> bool:
        """Whether the last byte that waits is `byte`."""
        return bool(self._pieces) and self._pieces[-1].endswith(byte)

    def add(self, data: bytes) -> None:
        """Keep `data`, or raise `MalformedDataError` when the frame gets too long."""
        if data:
            self._size += len(data)
            if self._size > MAX_FRAME:
                raise MalformedDataError(f"a frame is longer than {MAX_FRAME} bytes and still goes on")
            self._pieces.append(data)

    def take(self, data: bytes = b"") -> bytes:
        """All that waited, and `data` behind it."""
        if not self._pieces:
            return data
        self._pieces.append(data)
        whole = b"".join(self._pieces)
        self._pieces = []
        self._size = 0
        return whole


class NdjsonFramer:
    """One JSON value a line (application/x-ndjson)."""

    def __init__(self) -> None:
        self._pending = Pending()

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes, without those that are blank."""
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


class JsonArrayFramer:
    """The elements of one JSON array of objects that is being written. An object alone is a frame, too."""

    def __init__(self) -> None:
        self._pending = Pending()
        self._depth = 0
        self._in_string = False
        self._escaped = False

    def feed(self, data: bytes) -> list[bytes]:
        """The objects that `data` completes."""
        frames: list[bytes] = []
        begin = 0 if self._depth else len(data)
        skip = 1 if self._escaped and data else 0
        self._escaped = self._escaped and not data
        for found in _STRUCTURE.finditer(data):
            at = found.start()
            if at < skip:
                continue
            mark = found[0]
            if mark == b"\\":
                # A backslash stands for the byte behind it, which may not be here yet.
                skip = at + 2
                self._escaped = self._in_string and skip > len(data)
            elif mark == b'"':
                self._in_string = not self._in_string
            elif self._in_string:
                continue
            elif mark == b"{" or (mark == b"[" and self._depth):
                if not self._depth:
                    begin = at
                self._depth += 1
            elif self._depth:
                self._depth -= 1
                if not self._depth:
                    frames.append(self._pending.take(data[begin : at + 1]))
                    begin = len(data)
        self._pending.add(data[begin:])
        return frames

    def finish(self) -> list[bytes]:
        """The object that was not completed."""
        rest = self._pending.take()
        return [rest] if rest else []
