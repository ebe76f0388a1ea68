"""Log messages about failing sinks."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelstream.sinks.base import StreamSink

logger = logging.getLogger("modelstream")


def name_of(sink: StreamSink) -> str:
    """The name of a sink in a log message."""
    return repr(sink.sink_type or type(sink).__name__)


def one_line(error: BaseException) -> str:
    """An error in one line, with the file and line that raised it."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    text = f"{type(error).__name__}: {' '.join(str(error).split())}"
    if traceback is None:
        return text
    return f"{text} ({traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno})"
