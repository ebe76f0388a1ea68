"""The sink `studio`."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING

from modelstream.errors import ConfigError
from modelstream.sinks import after_fork, at_process_end, seconds_left_at_exit
from modelstream.sinks.base import StreamSink
from modelstream_studio.sink import address

if TYPE_CHECKING:
    from modelstream.deltas import Delta
    from modelstream.sinks.base import Message, Outcome
    from modelstream.sinks.question import Question
    from modelstream.snapshot import Snapshot
    from modelstream_studio.sink.lane import Lane
    from modelstream_studio.sink.session import Session

LIMIT = 64 << 20
"""Bytes that are kept while Studio is unreachable."""

EXIT_SECONDS = 1.0
"""Seconds that a shutdown waits for Studio."""


class Studio(StreamSink):
    """Reports everything to a Studio, live; its user can answer questions and stop messages.

    `url` and `token` are Studio's address and its publish token; by default they are looked up in the
    environment (MODELSTREAM_STUDIO, MODELSTREAM_STUDIO_TOKEN), then in the files of the user's own Studio.
    The sink never waits and never raises: unconfirmed frames are kept, up to `limit` bytes, and
    sent when Studio is reachable. Beyond the limit, Studio shows how much is missing.

    The first message starts a thread. A forked child reports the messages that it opens itself. At the end
    of the program the rest is sent, within a second.
    """

    sink_type = "studio"
    delivery = "inline"  # in place it only appends to a list

    def __init__(self, *, url: str | None = None, token: str | None = None, limit: int = LIMIT) -> None:
        if type(limit) is not int or limit <= 0:
            raise ConfigError(
                f"Sink 'studio': limit={limit!r} is not a number of bytes. The default is {LIMIT}."
            )
        self._url = url
        self._token = token
        self._limit = limit
        self.reset()
        if url is not None:
            self._find()  # raises for an invalid URL
        _all.add(self)

    def reset(self) -> None:
        """Start without messages: new, or in the child of a fork, whose parent reports the earlier ones."""
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._lanes: dict[Message, Lane] = {}

    def open(self, message: Message) -> None:
        """Report a new message."""
        self._current_session().open(message)

    def write(self, message: Message, snapshot: Snapshot) -> None:
        """Queue the new text."""
        lane = self._lanes.get(message)
        if lane is not None:
            lane.put(snapshot)

    def write_delta(self, message: Message, delta: Delta) -> None:
        """Queue reasoning, tool calls and token counts."""
        lane = self._lanes.get(message)
        if lane is not None:
            lane.put(delta)

    def close(self, message: Message, outcome: Outcome) -> None:
        """Report how the message ended."""
        session = self._session
        if session is not None:
            session.close(message, outcome)

    def ask(self, question: Question) -> None:
        """Ask the user in Studio."""
        self._current_session().ask(question)

    def shutdown(self) -> None:
        """Send what is left, for at most a second."""
        self._finish(EXIT_SECONDS)

    def _finish(self, seconds: float) -> None:
        with self._lock:
            session, self._session, self._lanes = self._session, None, {}
        if session is not None:
            session.finish(seconds)

    def _current_session(self) -> Session:
        """The current session. A new run gets a new one; the thread of the last one finishes it."""
        # Not imported in the thread: a fork during the import would leave the child with half a module.
        from modelstream_studio.sink.session import Session

        with self._lock:
            session = self._session
            if session is not None and session.is_over:
                session.leave()
                session = None
            if session is None:
                session = self._session = Session(self._find, self._limit)
                self._lanes = session.lanes
                at_process_end(_finish_all)
            return session

    def _find(self) -> address.Address:
        return address.find(self._url, self._token)


def _finish_all() -> None:
    """Send what is left when the process ends, within the time that all sinks share."""
    for sink in list(_all):
        sink._finish(min(EXIT_SECONDS, seconds_left_at_exit()))  # noqa: SLF001 - same class


def _reset_in_child() -> None:
    for sink in list(_all):
        sink.reset()


_all: weakref.WeakSet[Studio] = weakref.WeakSet()
after_fork(_reset_in_child)
