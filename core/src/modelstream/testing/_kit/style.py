"""How a body is sent: cut into pieces, with the variations that its format allows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

MOST_PIECES = 3000
"""The maximum number of pieces of one body; the pieces of a long body are longer."""


@dataclass(frozen=True)
class Style:
    """One way to send the same answer.

    `pieces`: "frames" sends each frame by itself, "whole" all at once, a number that many bytes at a time; a
    tuple cuts at these fractions (0 to 1) of the body; "boundaries" cuts inside characters and line ends,
    where readers fail, with a pause between the pieces. `line_end`, `spaced` and `comments` are for formats
    of lines: how lines end, whether a space follows `data:`, whether there are comments between frames.
    `noise` has the numbers of the deltas before which frames without content are sent.
    """

    pieces: Literal["frames", "whole", "boundaries"] | int | tuple[float, ...] = "frames"
    line_end: bytes = b"\n"
    spaced: bool = True
    comments: bool = False
    ascii: bool = False
    noise: tuple[int, ...] = ()
    framing: Literal["chunked", "close"] = "chunked"

    def formatted(self, frame: bytes, content_type: str) -> bytes:
        """A frame as this style sends it."""
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
        """The pieces that are sent for the frames of `run`, between which there is no pause."""
        if self.pieces == "frames":
            return run
        body = b"".join(run)
        if self.pieces == "whole":
            return [body] if body else []
        if isinstance(self.pieces, int):
            step = max(self.pieces, len(body) // MOST_PIECES)
            cuts = list(range(0, len(body), step))
        elif self.pieces == "boundaries":
            cuts = sorted({0, *(seam.start() for seam in _BOUNDARIES.finditer(body))})
        else:
            cuts = sorted({0, *(int(part * len(body)) for part in self.pieces)})
        cuts.append(len(body))
        return [body[begin:end] for begin, end in pairwise(cuts) if end > begin]


_BOUNDARIES = re.compile(rb"(?<=[\x80-\xff])[\x80-\xbf]|(?<=[\r\n])[\r\n]|(?<=:) |[\r\n]")

PLAIN = Style()
