"""The thread that receives commands from Studio: answers to questions, and messages to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from modelstream_studio import frames
from modelstream_studio.sink.connection import Connection, Unreachable
from modelstream_studio.sink.trouble import logger

if TYPE_CHECKING:
    from modelstream_studio.sink.address import Address

SILENCE = frames.LONG_POLL + 10.0
"""Seconds that Studio may be silent."""

PAUSE = 2.0
"""Seconds between attempts to reach Studio."""


class Listener:
    """Polls for commands as long as `is_busy`, and passes each to `obey` once.

    The thread is a daemon; it starts when needed, and ends when no message or question is open.
    """

    def __init__(
        self,
        producer: Callable[[], str],
        find: Callable[[], Address],
        is_busy: Callable[[], bool],
        obey: Callable[[frames.Command], None],
    ) -> None:
        self._producer = producer
        self._find = find
        self._is_busy = is_busy
        self._obey = obey
        self._after: dict[str, int] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._connection: Connection | None = None

    def ensure_running(self) -> None:
        """Start the thread, unless it runs or `end` was called."""
        with self._lock:
            if self._thread is None and not self._ended.is_set():
                self._thread = threading.Thread(
                    target=self._run, name="modelstream-studio-listener", daemon=True
                )
                self._thread.start()

    def end(self) -> None:
        """Stop listening. Does not wait."""
        self._ended.set()
        connection = self._connection
        if connection is not None:
            connection.abort()

    def _run(self) -> None:
        while self._should_continue():
            try:
                self._listen()
            except Unreachable:
                self._ended.wait(PAUSE)
            except Exception:  # noqa: BLE001 - a failed command must not prevent others
                logger.exception("the sink 'studio' failed")
                self._ended.wait(PAUSE)

    def _should_continue(self) -> bool:
        with self._lock:
            if self._is_busy() and not self._ended.is_set():
                return True
            self._thread = None
            return False

    def _listen(self) -> None:
        self._connection = connection = Connection(self._find(), SILENCE)
        try:
            while self._is_busy() and not self._ended.is_set():
                for command in self._commands(connection):
                    self._obey(command)
        finally:
            self._connection = None
            connection.close()

    def _commands(self, connection: Connection) -> list[frames.Command]:
        producer = self._producer()
        after = self._after.get(producer, 0)
        reply = connection.request("GET", f"{frames.COMMANDS}?producer={producer}&after={after}")
        if reply.status != 200:
            raise Unreachable(f"answered {reply.status}")
        try:
            commands = msgspec.json.decode(reply.body, type=frames.Commands).commands
        except msgspec.DecodeError as why:
            raise Unreachable("the server there is not a Studio") from why
        if commands:
            self._after[producer] = max(command.n for command in commands)
        return [command for command in commands if command.n > after]
