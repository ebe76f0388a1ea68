"""The sink `studio`."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import weakref
from typing import TYPE_CHECKING

from modelstream.errors import ConfigError
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
"""Bytes that are kept while Studio is away."""

EXIT_SECONDS = 1.0
"""Seconds that the end waits for Studio."""


class Studio(StreamSink):
    """Reports everything to a Studio, live, and has its user answer questions and stop messages.

    `url` and `token` say where it is and what it lets programs publish with; what is not given is looked up
    in the environment (MODELSTREAM_STUDIO, MODELSTREAM_STUDIO_TOKEN), and then in the files of a Studio of
    the same user. Nothing is waited for and nothing raised: what Studio has not confirmed is kept, up to
    `limit` bytes, and sent when it is there. Of what is beyond that, Studio shows how much is missing.

    The first message starts a thread. A forked child reports by itself, of the messages that it opens. At the
    end of the program the rest is sent, within a second.
    """

    sink_type = "studio"
    delivery = "inline"  # what is done in place is to append to a list

    def __init__(self, *, url: str | None = None, token: str | None = None, limit: int = LIMIT) -> None:
        if type(limit) is not int or limit <= 0:
            raise ConfigError(
                f"Sink 'studio': limit={limit!r} is not a number of bytes. The default is {LIMIT}."
            )
        self._url = url
        self._token = token
        self._limit = limit
        self.begin_anew()
        if url is not None:
            self._find()  # raises for one that can't be
        _all.add(self)

    def begin_anew(self) -> None:
        """Know of no message: new, or in the child of a fork, whose parent reports the messages of before."""
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._lanes: dict[Message, Lane] = {}

    def open(self, message: Message) -> None:
        """Report that a message begins."""
        self._in_session().open(message)

    def write(self, message: Message, snapshot: Snapshot) -> None:
        """Put what is new in the text where the thread finds it."""
        lane = self._lanes.get(message)
        if lane is not None:
            lane.put_text(snapshot)

    def write_delta(self, message: Message, delta: Delta) -> None:
        """Put reasoning, tool calls and token counts where the thread finds them."""
        lane = self._lanes.get(message)
        if lane is not None:
            lane.put(delta)

    def close(self, message: Message, outcome: Outcome) -> None:
        """Report how the message ended."""
        session = self._session
        if session is not None:
            session.close(message, outcome)

    def ask(self, question: Question) -> None:
        """Ask in Studio."""
        self._in_session().ask(question)

    def shutdown(self) -> None:
        """Send what is left, for a second at most."""
        with self._lock:
            session, self._session, self._lanes = self._session, None, {}
        if session is not None:
            session.finish(EXIT_SECONDS)

    def _in_session(self) -> Session:
        """The present session. Another run is another session; the thread of the last one finishes it."""
        # Not by the thread: a fork in the middle of it would leave the child with half a module.
        from modelstream_studio.sink.session import Session

        with self._lock:
            session = self._session
            if session is not None and session.is_over:
                session.leave()
                session = None
            if session is None:
                session = self._session = Session(self._find, self._limit)
                self._lanes = session.lanes
                _see_to_the_end()
            return session

    def _find(self) -> address.Address:
        return address.find(self._url, self._token)


def _see_to_the_end() -> None:
    """Have the sinks shut down when the program ends, in whatever way it does."""
    global _seen_to  # noqa: PLW0603
    if not _seen_to:
        _seen_to = True
        atexit.register(_shut_down_all)
    multiprocessing = sys.modules.get("multiprocessing")
    if multiprocessing is not None and multiprocessing.parent_process() is not None:
        # Such a child does not run what is registered with atexit.
        from multiprocessing.util import Finalize

        Finalize(None, _shut_down_all, exitpriority=0)


def _shut_down_all() -> None:
    for sink in list(_all):
        sink.shutdown()


def _after_fork() -> None:
    for sink in list(_all):
        sink.begin_anew()


_seen_to = False
_all: weakref.WeakSet[Studio] = weakref.WeakSet()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
