"""A fake Studio: a real HTTP server that stores everything in memory and fails as planned."""

from __future__ import annotations

import socket
import threading
from collections import defaultdict, deque
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import msgspec

TOKEN = "publish-token"
LIMIT = 20.0  # seconds until a test gives up waiting

# What may happen to a batch. Only the numbers of the frames distinguish the first two.
BEFORE, AFTER = "reset before it was stored", "reset after it was stored"
HANG = "no answer until the server closes"


@dataclass
class StoredMessage:
    """A message, as it was reported."""

    opened: dict[str, Any]
    text: str = ""
    reasoning: str = ""
    tools: dict[int, dict[str, Any]] = field(default_factory=dict)
    usage: dict[str, int] | None = None
    lost: int = 0
    closes: list[dict[str, Any]] = field(default_factory=list)


class Memory:
    """What survives a restart: frames by producer, and the resulting messages and questions."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.frames: dict[str, list[dict[str, Any]]] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, StoredMessage] = {}
        self.questions: dict[str, dict[str, Any]] = {}
        self.commands: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.refused: list[dict[str, Any]] = []
        self.batches = 0
        self.bytes = 0

    def wait_for(self, condition: Any, seconds: float = LIMIT) -> Any:
        """Waits until `condition()` is true, and returns its value."""
        with self.changed:
            found = self.changed.wait_for(condition, seconds)
        assert found, f"not within {seconds:g} s"
        return found

    def message_of(self, name: str) -> StoredMessage:
        """The only message of this agent."""
        (found,) = [stored for stored in self.messages.values() if stored.opened["name"] == name]
        return found

    def text_of(self, name: str) -> str | None:
        """The text of the only message of this agent, or None."""
        return next((stored.text for stored in self.messages.values() if stored.opened["name"] == name), None)

    def is_over(self, name: str) -> bool:
        return any(stored.opened["name"] == name and stored.closes for stored in self.messages.values())

    def kinds(self) -> list[str]:
        return [frame["k"] for log in self.frames.values() for frame in log]

    def store(self, head: dict[str, Any], lines: list[bytes]) -> int | None:
        """Stores new frames and returns their number; None if earlier ones are missing."""
        if head.get("run"):
            self.runs[head["producer"]] = head["run"]
        if head["producer"] not in self.runs:
            return None
        log = self.frames.setdefault(head["producer"], [])
        if head["first"] > len(log) + 1:
            return None
        for line in lines[len(log) + 1 - head["first"] :]:
            frame = msgspec.json.decode(line)
            log.append(frame)
            self._apply(frame)
        self.changed.notify_all()
        return len(log)

    def _apply(self, frame: dict[str, Any]) -> None:
        kind = frame["k"]
        if kind == "open":
            self.messages[frame["m"]] = StoredMessage(frame)
        elif "m" in frame:
            if frame["m"] in self.messages:
                self._update(self.messages[frame["m"]], kind, frame)
            else:
                self.refused.append(frame)
        elif "q" in frame:
            self.questions.setdefault(frame["q"], {}).update(frame)

    def _update(self, stored: StoredMessage, kind: str, frame: dict[str, Any]) -> None:
        assert not stored.closes, f"{kind} after the end"
        if kind == "text":
            assert frame["o"] <= len(stored.text), (frame, len(stored.text))
            stored.text += frame["d"][len(stored.text) - frame["o"] :]
        elif kind == "fresh":
            stored.text = frame["d"]
        elif kind == "reasoning":
            assert frame["o"] == len(stored.reasoning)
            stored.reasoning += frame["d"]
        elif kind == "tool":
            tool = stored.tools.setdefault(frame["i"], {"arguments": ""})
            tool |= {key: frame[key] for key in ("id", "name") if frame.get(key)}
            assert frame.get("o", 0) == len(tool["arguments"])
            tool["arguments"] += frame.get("d", "")
        elif kind == "usage":
            stored.usage = frame["usage"]
        elif kind == "gap":
            stored.lost += frame["lost"]
        else:
            stored.closes.append(frame)


class FakeStudio:
    """Serves on `url` inside a `with` block; `plan` has the failures of the next batches (or None)."""

    def __init__(self, memory: Memory | None = None, port: int = 0) -> None:
        self.memory = memory or Memory()
        self.plan: deque[Any] = deque()
        self.seen: list[bytes] = []
        self.closing = threading.Event()
        self.sockets: set[socket.socket] = set()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.studio = self
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Stops the server and closes all connections."""
        self.closing.set()
        with self.memory.changed:
            self.memory.changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        for sock in list(self.sockets):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def command(self, **command: Any) -> None:
        """Sends a command to every producer."""
        with self.memory.changed:
            for producer in self.memory.runs:
                commands = self.memory.commands[producer]
                commands.append({"n": len(commands) + 1, **command})
            self.memory.changed.notify_all()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    studio: FakeStudio


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.studio = self.server.studio
        self.studio.sockets.add(self.connection)

    def finish(self) -> None:
        self.studio.sockets.discard(self.connection)
        with suppress(OSError):
            super().finish()

    def log_message(self, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        assert self.path == "/v1/publish"
        body = self.rfile.read(int(self.headers["Content-Length"]))
        studio = self.studio
        studio.seen.append(body)
        event = studio.plan.popleft() if studio.plan else None
        if event in (BEFORE, HANG):
            if event == HANG:
                studio.closing.wait(LIMIT)
            self.close_connection = True
        elif isinstance(event, tuple):
            self._reply(event[0], {"error": "as planned"}, *event[1:])
        elif self._allowed():
            self._store(body, event)

    def do_GET(self) -> None:
        if self.path == "/":
            self._reply(200, {})
            return
        if not self._allowed():
            return
        query = parse_qs(urlsplit(self.path).query)
        after, memory = int(query["after"][0]), self.studio.memory
        with memory.changed:
            commands, closing = memory.commands[query["producer"][0]], self.studio.closing
            memory.changed.notify_all()  # a producer waits for commands
            memory.changed.wait_for(lambda: closing.is_set() or len(commands) > after, LIMIT)
            found = commands[after:]
        if not closing.is_set():
            self._reply(200, {"commands": found})

    def _allowed(self) -> bool:
        allowed = self.headers["Authorization"] == f"Bearer {TOKEN}"
        if not allowed:
            self._reply(401, {"error": "wrong token"})
        return allowed

    def _store(self, body: bytes, event: Any) -> None:
        line, *lines = body.splitlines()
        head, memory = msgspec.json.decode(line), self.studio.memory
        with memory.changed:
            memory.batches += 1
            memory.bytes += len(body)
            persisted = memory.store(head, lines)
        if event == AFTER:
            self.close_connection = True
        elif persisted is None:
            self._reply(409, {"persisted": len(memory.frames.get(head["producer"], []))})
        else:
            self._reply(200, {"persisted": persisted})

    def _reply(self, status: int, document: Any, headers: dict[str, str] | None = None) -> None:
        body = msgspec.json.encode(document)
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
