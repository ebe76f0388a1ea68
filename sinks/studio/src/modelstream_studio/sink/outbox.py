"""The numbered frames that Studio has not acknowledged."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from modelstream_studio.frames import Frame

_SURROGATE = re.compile("[\ud800-\udfff]")

_encoder = msgspec.json.Encoder(enc_hook=str)


class Outbox:
    """A log of frames that is trimmed at its beginning. Used by one thread.

    `first` is the number of the oldest frame, `size` the number of bytes. The log is `full` from `limit`
    bytes on: callers should then add no text, although nothing prevents it.
    """

    def __init__(self, limit: int) -> None:
        self.first = 1
        self.size = 0
        self._limit = limit
        self._lines: deque[bytes] = deque()

    @property
    def full(self) -> bool:
        """Whether the limit is reached."""
        return self.size >= self._limit

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, frame: Frame) -> None:
        """Number a frame and keep it until Studio has it."""
        line = encoded(frame)
        self._lines.append(line)
        self.size += len(line)

    def batch(self, limit: int) -> list[bytes]:
        """The oldest lines, at most `limit` bytes in total, but at least one if there is any."""
        lines: list[bytes] = []
        for line in self._lines:
            limit -= len(line)
            if limit < 0 and lines:
                break
            lines.append(line)
        return lines

    def forget(self, last: int) -> None:
        """Drop the frames up to number `last`, which Studio has stored."""
        while self.first <= last and self._lines:
            self.size -= len(self._lines.popleft())
            self.first += 1

    def restart(self, before: list[Frame]) -> None:
        """Number all frames from 1 again, with `before` in front."""
        lines = [encoded(frame) for frame in before]
        self._lines.extendleft(reversed(lines))
        self.size += sum(map(len, lines))
        self.first = 1


def encoded(frame: Frame) -> bytes:
    """The frame as a line of JSON."""
    try:
        return _encoder.encode(frame) + b"\n"
    except UnicodeEncodeError:  # a lone surrogate, which JSON can't contain
        return _encoder.encode(_whole(msgspec.to_builtins(frame, enc_hook=str))) + b"\n"


def _whole(value: Any) -> Any:
    """The value with every lone surrogate replaced; lengths stay."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_whole(key): _whole(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return value
