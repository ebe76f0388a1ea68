r"""A real HTTP/1.1 server on the loopback interface that sends scripted answers.

    with LoopbackServer() as server:
        gate = Gate()
        server.play(Answer([b"data: 1\n\n", gate, b"data: 2\n\n"]))
        ...                           # a client calls server.url and gets the first piece
        gate.open()                   # and now the second piece

Each piece of a body is sent at once and separately. The server records what clients send and when they
disconnect.
"""

from __future__ import annotations

import enum
import json
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import responses
from typing import Any, Literal, Self

POLL_INTERVAL = 0.005
"""Seconds between checks whether the client is still connected, while the server waits."""

MOMENT = 0.002
"""Seconds in which a waiting reader reads what has arrived."""


class Gate:
    """A place in an answer where the server waits until the test opens it.

    `reached` is an event, set when the server waits here: everything before it was sent.
    """

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._opened = threading.Event()

    def open(self) -> None:
        """Let the server continue, also if it has not reached this place yet."""
        self._opened.set()

    def wait(self, seconds: float) -> bool:
        """Wait for `seconds` at most; return whether the gate is open."""
        self.reached.set()
        return self._opened.wait(seconds)


class Moment(Gate):
    """A place where the server pauses, so that what was sent before is likely to be read separately."""

    def wait(self, seconds: float) -> bool:
        """Pause."""
        self.reached.set()
        time.sleep(MOMENT)
        return True


class End(enum.Enum):
    """How an answer ends."""

    VALID = "valid HTTP"
    CUT = "the server closes the connection in the middle"
    RESET = "the server resets the connection in the middle"
    SILENCE = "the server sends nothing more and keeps the connection open"


@dataclass(frozen=True)
class Answer:
    """The answer to one request.

    If `status` is None, no headers are sent and the answer consists only of its `end`. The server waits at
    `before` before it sends the headers. `framing` is how a body ends: by its last chunk, by its length, or
    by the close of the connection.
    """

    body: Sequence[bytes | Gate] = ()
    status: int | None = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    end: End = End.VALID
    framing: Literal["chunked", "length", "close"] = "chunked"
    before: Gate | None = None

    @classmethod
    def of_json(cls, document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Self:
        """An answer with one JSON document as its body."""
        kinds = {"Content-Type": "application/json", **(headers or {})}
        return cls([json.dumps(document).encode()], status, kinds, framing="length")

    def head(self) -> bytes:
        """The status line and the headers."""
        fields = {"Content-Type": "text/event-stream", **self.headers}
        if self.framing == "chunked":
            fields["Transfer-Encoding"] = "chunked"
        elif self.framing == "length":
            fields["Content-Length"] = str(sum(len(piece) for piece in self.body if isinstance(piece, bytes)))
        else:
            fields["Connection"] = "close"
        lines = [f"HTTP/1.1 {self.status} {responses.get(self.status or 0, 'Odd')}"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


@dataclass(frozen=True)
class Received:
    """One request; the names of its headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class _ClientGoneError(Exception):
    """The client closed the connection."""


class Connection:
    """One connection of a client. `disconnected` is an event, set when either side has closed it."""

    def __init__(self, sock: socket.socket, answer_to: Callable[[Received], Answer]) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.disconnected = threading.Event()
        self.requests: list[Received] = []
        self._socket = sock
        self._answer_to = answer_to
        self._unread = b""

    def serve(self) -> None:
        """Answer requests until one side closes the connection."""
        try:
            while self._send(self._answer_to(self._receive())):
                pass
        except (OSError, _ClientGoneError):
            pass
        finally:
            self._socket.close()
            self.disconnected.set()

    def shut_down(self) -> None:
        """Close the connection from another thread, whatever it waits for."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _receive(self) -> Received:
        head = self._read_to(b"\r\n\r\n").decode("latin-1")
        first, *lines = head.rstrip().split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        request = Received(method, path, headers, self._read_body(headers))
        self.requests.append(request)
        return request

    def _read_body(self, headers: Mapping[str, str]) -> bytes:
        if "chunked" not in headers.get("transfer-encoding", ""):
            return self._read(int(headers.get("content-length", 0)))
        body = b""
        while size := int(self._read_to(b"\r\n"), 16):
            body += self._read(size)
            self._read(2)
        self._read(2)
        return body

    def _read_to(self, mark: bytes) -> bytes:
        while mark not in self._unread:
            self._fill()
        return self._read(self._unread.index(mark) + len(mark))

    def _read(self, size: int) -> bytes:
        while len(self._unread) < size:
            self._fill()
        data, self._unread = self._unread[:size], self._unread[size:]
        return data

    def _fill(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            raise _ClientGoneError
        self._unread += data

    def _send(self, answer: Answer) -> bool:
        """Send the answer; return whether the connection can be used for another request."""
        if answer.before is not None:
            self._wait_at(answer.before)
        if answer.status is not None:
            self._socket.sendall(answer.head())
            for piece in answer.body:
                if isinstance(piece, Gate):
                    self._wait_at(piece)
                elif piece:
                    chunked = answer.framing == "chunked"
                    self._socket.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        return self._end(answer)

    def _end(self, answer: Answer) -> bool:
        if answer.end is End.SILENCE:
            self._wait_at(Gate())
        if answer.end is End.RESET:
            # With a linger time of 0, close() discards unsent data and resets the connection.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if answer.end is not End.VALID or answer.framing == "close":
            return False
        if answer.framing == "chunked":
            self._socket.sendall(b"0\r\n\r\n")
        return True

    def _wait_at(self, gate: Gate) -> None:
        while not gate.wait(POLL_INTERVAL):
            if self._client_is_gone():
                raise _ClientGoneError

    def _client_is_gone(self) -> bool:
        return _readable(self._socket) and not self._socket.recv(1, socket.MSG_PEEK)


def _readable(sock: socket.socket) -> bool:
    if not hasattr(select, "poll"):
        return bool(select.select([sock], [], [], 0)[0])
    # select() fails for descriptors from 1024 on, which a test that leaks connections reaches.
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


class LoopbackServer:
    """A server on a free port of 127.0.0.1, listening from its creation until `close()`; a context manager.

    `requests` and `connections` are in order of arrival. Each request gets the next answer of the script.
    """

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.connections: list[Connection] = []
        self._script: list[Answer] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._serving: list[threading.Thread] = []
        self._accepting = _start_thread(self._accept)

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        """The URL of the server, without a path."""
        return f"http://127.0.0.1:{self.port}"

    def play(self, *answers: Answer) -> None:
        """Set the answers to the next requests; the last one is repeated."""
        with self._lock:
            self._script = list(answers)

    def close(self) -> None:
        """Close the port and all connections, and wait until they are closed."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        for connection in self.connections:
            connection.shut_down()
        for thread in self._serving:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _accept(self) -> None:
        with suppress(OSError):  # close() was called
            while True:
                connection = Connection(self._listener.accept()[0], self._answer_to)
                self.connections.append(connection)
                self._serving.append(_start_thread(connection.serve))

    def _answer_to(self, request: Received) -> Answer:
        with self._lock:
            self.requests.append(request)
            if not self._script:
                return Answer.of_json({"error": {"message": "the script has no answer"}}, 500)
            return self._script.pop(0) if len(self._script) > 1 else self._script[0]


def _start_thread(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, name="loopback-server", daemon=True)
    thread.start()
    return thread


def sse_event(data: Any) -> bytes:
    """One server-sent event: a str is sent unchanged, anything else as JSON."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return f"data: {text}\n\n".encode()


def json_line(data: Any) -> bytes:
    """One line of newline-delimited JSON."""
    return json.dumps(data, ensure_ascii=False).encode() + b"\n"


def refused_url() -> str:
    """A URL on the loopback interface where no server listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
