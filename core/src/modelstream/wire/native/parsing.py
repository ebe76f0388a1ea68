"""Parse one HTTP/1.1 answer, from the bytes of a connection to the bytes of its body, without any I/O."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from modelstream.errors import ConnectionLostError
from modelstream.wire.decompression import decoder

MAX_HEAD = 256 * 1024
"""The maximum size of status line and headers, in bytes."""

MAX_LINE = 4096
"""The maximum size of the line with the size of a chunk, in bytes."""

NO_BODY = (204, 304)


class _Body(Protocol):
    complete: bool
    surplus: bool
    """Whether bytes arrived after the end of the body."""

    def feed(self, data: bytes) -> bytes: ...

    def close(self) -> None: ...


class Answer:
    """Receives the bytes of a connection and returns those of the body.

    `status` and `headers` (names in lower case) are valid once `has_head`. `complete` is True after
    the end of the answer; `reusable` is then True if the connection can be used for another request.
    """

    def __init__(self, *, tunnel: bool = False) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.has_head = False
        self.complete = False
        self.reusable = False
        self._tunnel = tunnel
        self._head = b""
        self._body: _Body = _Sized(0)
        self._decode: Callable[[bytes], bytes] | None = None

    def feed(self, data: bytes) -> bytes:
        """The bytes of the body in `data`. Raises `ConnectionLostError` if it is not valid HTTP."""
        if not self.has_head:
            data = self._read_head(data)
            if not self.has_head:
                return b""
        body = self._body.feed(data)
        if self._body.complete:
            self.complete = True
            if self._body.surplus:  # the next answer would begin with these bytes
                self.reusable = False
        return body if self._decode is None else self._decode(body)

    def close(self) -> None:
        """Note that the connection was closed. Raises `ConnectionLostError` unless that ends the answer."""
        if not self.has_head:
            raise ConnectionLostError("the server closed the connection without an answer")
        self._body.close()
        self.complete = True
        self.reusable = False

    def _read_head(self, data: bytes) -> bytes:
        """Parse the head if it is complete; return what follows it."""
        self._head += data
        while True:
            head, end, rest = self._head.partition(b"\r\n\r\n")
            if not end:
                if len(head) > MAX_HEAD or not b"HTTP/".startswith(head[:5]):
                    raise _not_http(head)
                return b""
            self._read_lines(head)
            if self.status >= 200:
                break
            self._head = rest  # an interim response (1xx) precedes the final one
        self._head = b""
        self.has_head = True
        self._choose_body()
        return rest

    def _read_lines(self, head: bytes) -> None:
        first, *lines = head.decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        status = rest[:3]
        if version not in ("HTTP/1.1", "HTTP/1.0") or not (status.isascii() and status.isdigit()):
            raise _not_http(head)
        self.status = int(status)
        self.headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            name, value = name.strip().lower(), value.strip()
            before = self.headers.get(name)
            self.headers[name] = value if before is None else f"{before}, {value}"
        connection = self.headers.get("connection", "").lower()
        self.reusable = "close" not in connection and (version == "HTTP/1.1" or "keep-alive" in connection)

    def _choose_body(self) -> None:
        headers = self.headers
        length = headers.get("content-length")
        if self.status in NO_BODY or (self._tunnel and self.status == 200):
            self._body = _Sized(0)
        elif headers.get("transfer-encoding", "").lower().endswith("chunked"):
            self._body = _Chunked()
        elif length is not None:
            # A header that was sent twice is joined by a comma here: valid if both values are equal.
            lengths = {one.strip() for one in length.split(",")}
            size = lengths.pop()
            if lengths or not (size.isascii() and size.isdigit()):
                raise _not_http(f"Content-Length: {length}".encode("latin-1"))
            self._body = _Sized(int(size))
        else:
            self._body = _UntilClose()
            self.reusable = False
        self._decode = decoder(headers.get("content-encoding", ""))


class _Sized:
    def __init__(self, size: int) -> None:
        self._left = size
        self.complete = not size
        self.surplus = False

    def feed(self, data: bytes) -> bytes:
        self.surplus = len(data) > self._left
        data = data[: self._left]
        self._left -= len(data)
        self.complete = not self._left
        return data

    def close(self) -> None:
        if self._left:
            raise ConnectionLostError(f"the connection was closed with {self._left} bytes missing")


class _UntilClose:
    complete = False
    surplus = False

    def feed(self, data: bytes) -> bytes:
        return data

    def close(self) -> None:
        pass


class _Chunked:
    def __init__(self) -> None:
        self.complete = False
        self.surplus = False
        self._rest = b""
        self._left = 0  # bytes missing of the current chunk
        self._in_trailers = False

    def feed(self, data: bytes) -> bytes:
        if not (self._left or self._rest or self._in_trailers):
            # The common case, one whole chunk: servers send event by event.
            line, _, chunk = data.partition(b"\r\n")
            if len(chunk) > 2 and line == b"%x" % (len(chunk) - 2) and chunk.endswith(b"\r\n"):
                return chunk[:-2]
        data = self._rest + data if self._rest else data
        pieces: list[bytes] = []
        at = 0
        if self._left:
            piece = data[: self._left]
            at = len(piece)
            self._left -= at
            pieces.append(piece)
        if not (self._left or self._in_trailers):
            at = self._chunks(data, at, pieces)
        self._rest = data[at:]
        if self._in_trailers:
            self._skip_trailers()
        elif len(self._rest) > MAX_LINE:
            raise _not_http(self._rest)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        raise ConnectionLostError("the connection was closed in the middle of the answer")

    def _chunks(self, data: bytes, at: int, pieces: list[bytes]) -> int:
        """Append the content of the chunks from `at` on; return the position of the first incomplete line."""
        find = data.find
        end = len(data)
        while True:
            if data[at : at + 2] == b"\r\n":  # the line end after the previous chunk
                at += 2
            line = find(b"\r\n", at)
            if line < 0:
                return at
            size = _size(data[at:line])
            begin = line + 2
            if not size:
                self._in_trailers = True
                return line  # keep the line end: without trailers an empty line follows at once
            at = begin + size
            if at > end:
                pieces.append(data[begin:])
                self._left = at - end
                return end
            pieces.append(data[begin:at])

    def _skip_trailers(self) -> None:
        _, end, rest = self._rest.partition(b"\r\n\r\n")
        if end:
            self.complete = True
            self.surplus = bool(rest)
        elif len(self._rest) > MAX_HEAD:
            raise _not_http(self._rest)


def _size(line: bytes) -> int:
    try:
        size = int(line, 16)
    except ValueError:
        size = -1
        digits = line.partition(b";")[0].strip()  # the rest are chunk extensions
        if digits != line and digits.isalnum():
            return _size(digits)
    if size < 0:
        raise _not_http(line)
    return size


def _not_http(found: bytes) -> ConnectionLostError:
    return ConnectionLostError(f"the server's answer is not valid HTTP/1.1 ({found[:60]!r})")
