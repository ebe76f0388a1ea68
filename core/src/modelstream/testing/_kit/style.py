"""How a body is put on the network: cut into pieces, with the freedoms that its format allows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

MOST_PIECES = 3000
"""Pieces that one body is cut into at most; for a long one they get longer."""


@dataclass(frozen=True)
class Style:
    """One way to send the same answer.

    `pieces`: "frames" sends each frame by itself, "whole" all at once, a number so many bytes at a time; a
    tuple cuts at these parts (0 to 1) of the body; "seams" cuts wherever readers go wrong, inside characters
    and line ends, and has the server rest between the pieces. `line_end`, `spaced` and `comments` are for
    formats of lines: how they end, whether a space follows `data:`, whether comments stand between. `noise`
    puts frames that say nothing before each delta whose number is in it.
    """

    pieces: Literal["frames", "whole", "seams"] | int | tuple[float, ...] = "frames"
    line_end: bytes = b"\n"
    spaced: bool = True
    comments: bool = False
    ascii: bool = False
    noise: tuple[int, ...] = ()
    framing: Literal["chunked", "close"] = "chunked"

    def dressed(self, frame: bytes, content_type: str) -> bytes:
        """A frame as this style writes it."""
        if content_type == "text/event-stream":
            if not self.spaced:
                frame = re.sub(rb"(?m)^data: ", b"data:", frame)
            if self.comments:
                frame = b": keep-alive\n\n" + frame
        elif content_type == "application/x-ndjson":
            frame = b"\n" + frame if self.comments else frame
        else:
            return frame
        return frame.replace(b"\n", self.line_end) if self.line_end != b"\n" else frame

    def cut(self, run: list[bytes]) -> list[bytes]:
        """The frames of `run`, which follow each other without a pause, as the pieces that are sent."""
        if self.pieces == "frames":
            return run
        body = b"".join(run)
        if self.pieces == "whole":
            return [body] if body else []
        if isinstance(self.pieces, int):
            step = max(self.pieces, len(body) // MOST_PIECES)
            cuts = list(range(0, len(body), step))
        elif self.pieces == "seams":
            cuts = sorted({0, *(seam.start() for seam in _SEAMS.finditer(body))})
        else:
            cuts = sorted({0, *(int(part * len(body)) for part in self.pieces)})
        cuts.append(len(body))
        return [body[begin:end] for begin, end in pairwise(cuts) if end > begin]


_SEAMS = re.compile(rb"(?<=[\x80-\xff])[\x80-\xbf]|(?<=[\r\n])[\r\n]|(?<=:) |[\r\n]")

PLAIN = Style()
