"""A frame of 16 MiB in reads of 4 KiB takes linear time and not quadratic."""

from __future__ import annotations

import time

import pytest

from modelstream.wire import JsonArrayFramer, NdjsonFramer, SseEventFramer, SseFramer

READ = 4096
MIB = 1024 * 1024
FORMATS = {
    "sse": (SseFramer, b'data: {"text":"', b'"}\n\n'),
    "sse crlf": (SseFramer, b'data: {"text":"', b'"}\r\n\r\n'),
    "sse events": (SseEventFramer, b'data: {"text":"', b'"}\n\n'),
    "ndjson": (NdjsonFramer, b'{"text":"', b'"}\n'),
    "array": (JsonArrayFramer, b'[{"text":"', b'"}]'),
}


def seconds(framer, head, tail, size):
    """The CPU time, at its best of three, for one frame of this size."""
    stream = head + b"abcdefg\xc3\xa9" * (size // 9) + tail
    reads = [stream[at : at + READ] for at in range(0, len(stream), READ)]
    best = float("inf")
    for _ in range(3):
        cutter = framer()
        begin = time.process_time()
        frames = [frame for read in reads for frame in cutter.feed(read)]
        best = min(best, time.process_time() - begin)
        assert len(frames) == 1
    return best


@pytest.mark.parametrize("name", FORMATS)
def test_sixteen_times_the_length_takes_about_sixteen_times_as_long(name):
    small, large = (seconds(*FORMATS[name], size) for size in (MIB, 16 * MIB))
    # Quadratic would be 256 times as long.
    assert large < 64 * max(small, 0.0005)
