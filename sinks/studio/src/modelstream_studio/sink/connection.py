"""One kept connection to Studio."""

from __future__ import annotations

import encodings.idna  # noqa: F401 - else the first connection would import it, in a thread
import socket
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelstream_studio.sink.address import Address

CONNECT_SECONDS = 2.0
"""Seconds to wait for a connection."""

START = "Messages are kept until it answers; `modelstream studio` starts it."

MAX_REPLY = 16 << 20
"""Bytes of a reply."""


class Unreachable(Exception):  # noqa: N818 - a state rather than an error
    """Studio does not answer, or answers with an error; the message says why.

    `retry_after` is in seconds, if Studio sent it; `hint` is how the user can fix it.
    """

    def __init__(self, why: str, *, retry_after: float | None = None, hint: str = START) -> None:
        super().__init__(why)
        self.retry_after = retry_after
        self.hint = hint


class Connection:
    """Sends requests to one address, one at a time, over a connection that is opened when needed.

    `timeout` is how many seconds Studio may be silent. Used by one thread, except `abort`.
    """

    def __init__(self, address: Address, timeout: float) -> None:
        self.address = address
        self._timeout = timeout
        self._open: HTTPConnection | None = None
        self._aborted = False

    def request(self, method: str, path: str, body: bytes | None = None) -> Reply:
        """Send a request and read the answer. Raises `Unreachable`.

        If a kept connection turns out to be closed, the request is repeated once on a new one.
        """
        kept = self._open is not None
        try:
            return self._exchange(method, path, body)
        except ConnectionError as error:
            if not kept or self._aborted:
                raise Unreachable(_reason(error)) from error
        except (OSError, HTTPException) as error:
            raise Unreachable(_reason(error)) from error
        try:
            return self._exchange(method, path, body)
        except (OSError, HTTPException) as error:
            raise Unreachable(_reason(error)) from error

    def close(self) -> None:
        """Close the connection."""
        connection, self._open = self._open, None
        if connection is not None:
            connection.close()

    def abort(self) -> None:
        """Make the current request fail at once. Safe from any thread."""
        self._aborted = True
        connection = self._open
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def _exchange(self, method: str, path: str, body: bytes | None) -> Reply:
        connection = self._connected()
        try:
            connection.putrequest(method, self.address.path + path, skip_accept_encoding=True)
            if self.address.token:
                connection.putheader("Authorization", f"Bearer {self.address.token}")
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            reply = Reply(response.status, response.read(MAX_REPLY), response.headers.get("Retry-After"))
            if response.will_close or not response.isclosed():
                self.close()
        except BaseException:
            self.close()
            raise
        return reply

    def _connected(self) -> HTTPConnection:
        if self._open is None:
            kind = HTTPSConnection if self.address.scheme == "https" else HTTPConnection
            self._open = connection = kind(self.address.host, self.address.port, timeout=CONNECT_SECONDS)
            try:
                connection.connect()
            except BaseException:
                self.close()
                raise
            connection.sock.settimeout(self._timeout)
        if self._aborted:  # checked last: `abort` has either seen the socket or set this before
            self.close()
            raise ConnectionAbortedError("no longer wanted")
        return self._open


class Reply:
    """Studio's reply. `retry_after` is in seconds, if Studio sent it."""

    def __init__(self, status: int, body: bytes, retry_after: str | None) -> None:
        self.status = status
        self.body = body
        self.retry_after: float | None = None
        if retry_after is not None:
            with suppress(ValueError):
                self.retry_after = max(0.0, float(retry_after))


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
