"""The file that the sink writes to, usually standard output: its color, width, encoding and end."""

from __future__ import annotations

import errno
import os
import select
import sys
from typing import TextIO

from modelstream_terminal.style import is_terminal, wants_color

_READER_GONE = {errno.EPIPE, errno.ECONNRESET, errno.ESHUTDOWN, errno.EIO}
if sys.platform == "win32":
    _READER_GONE.add(errno.EINVAL)
_SLICE = 2048  # characters; fits into a file's buffer in any encoding
_PLAIN = str.maketrans({"│": "|", "…": "...", "→": "->"})


class Console:
    """Writes pieces of text, each at once.

    `file` None means the current `sys.stdout` at each write. `color` None is decided by the file and the
    environment. `closed` becomes True when the reader has gone; nothing is written after that.
    """

    def __init__(self, file: TextIO | None = None, color: bool | None = None) -> None:
        self.closed = False
        self._file = file
        self._color = color
        self._known: TextIO | None = None
        self._known_color = False

    @property
    def color(self) -> bool:
        """Whether the current file accepts escape sequences."""
        if self._color is not None:
            return self._color
        file = self._target()
        if file is not self._known:
            self._known = file
            self._known_color = file is not None and wants_color(file)
        return self._known_color

    @property
    def width(self) -> int | None:
        """The cells in a line, or None where lines have no limit: in a file or a pipe."""
        file = self._target()
        if file is None or not is_terminal(file):
            return None
        try:
            return os.get_terminal_size(file.fileno()).columns or None
        except (OSError, ValueError):
            return None

    def write(self, text: str) -> None:
        """Write and flush. A reader that has gone is not an error; a full disk is."""
        file = self._target()
        if self.closed or file is None:
            return
        try:
            for start in range(0, len(text), _SLICE):
                _write_through(file, text[start : start + _SLICE])
        except OSError as error:
            if error.errno not in _READER_GONE:
                raise
            self.closed = True
            _redirect_to_devnull(file)

    def _target(self) -> TextIO | None:
        return sys.stdout if self._file is None else self._file


def _write_through(file: TextIO, text: str) -> None:
    """Write and flush, and wait where a pipe that another process made non-blocking is full."""
    try:
        file.write(text)
    except UnicodeEncodeError:
        _write_through(file, _encodable(text, file.encoding))
        return None
    except BlockingIOError:
        pass  # the text is in the buffer by now
    while True:
        try:
            return file.flush()
        except BlockingIOError:
            select.select([], [file], [])


def _encodable(text: str, encoding: str) -> str:
    return text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)


def _redirect_to_devnull(file: TextIO) -> None:
    """Redirect the file, so that flushing its buffer at interpreter exit does not fail."""
    try:
        devnull = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(devnull, file.fileno())
        finally:
            os.close(devnull)
    except (OSError, ValueError):  # the file has no descriptor
        pass
