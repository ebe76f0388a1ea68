"""Studio: every stream, live in the browser. `modelstream studio` starts it; the sink reports to it."""

from modelstream_studio.sink.sink import Studio

__all__ = ["Studio"]
