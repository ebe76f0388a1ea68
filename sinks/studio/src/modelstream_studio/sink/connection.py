"""One kept connection to Studio."""

from __future__ import annotations

import encodings.idna  # noqa: F401 - or the first connection would import it, in a thread
import socket
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelstream_studio.sink.address import Address

CONNECT_SECONDS = 2.0
"""Seconds that a connection may take to come about."""

START = "Messages are kept until it answers; `modelstream studio` starts it."

MOST_READ = 16 << 20
"""Bytes of an answer."""


class Unreachable(Exception):  # noqa: N818 - a state of things rather than an error
    """Studio does not answer, or answers with an error; the text says why.

    `retry_after` is in seconds, if it said; `hint` is what the user may do about it.
    """

    def __init__(self, why: str, *, retry_after: float | None = None, hint: str = START) -> None:
        super().__init__(why)
        self.retry_after = retry_after
        self.hint = hint


class Connection:
    """Sends requests to one address, one at a time, over a connection that is made when it is needed.

    `timeout` is how many seconds Studio may be silent. Used by one thread, but for `abort`.
    """

    def __init__(self, address: Address, timeout: float) -> None:
        self.address = address
        self._timeout = timeout
        self._open: HTTPConnection | None = None
        self._aborted = False

    def request(self, method: str, path: str, body: bytes | None = None) -> Reply:
        """Send a request and read the answer. Raises `Unreachable`.

        A kept connection that turns out to be closed is made anew, once: requests may be repeated.
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
        """Have the request that is being made fail, now. From any thread."""
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
            reply = Reply(response.status, response.read(MOST_READ), response.headers.get("Retry-After"))
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
        if self._aborted:  # asked only now: `abort` has either seen the socket, or was before this
            self.close()
            raise ConnectionAbortedError("no longer wanted")
        return self._open


class Reply:
    """What Studio answered. `retry_after` is in seconds, if it said."""

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
