"""Send a producer's log to Studio in batches, and handle its replies."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from modelstream_studio import frames
from modelstream_studio.sink.connection import Connection, Reply, Unreachable

if TYPE_CHECKING:
    from modelstream_studio.sink.address import Address
    from modelstream_studio.sink.outbox import Outbox
    from modelstream_studio.sink.trouble import Trouble

BATCH = 1 << 20
"""Bytes of frames in a batch, unless a single frame is longer."""

TOKEN_HINT = "Set MODELSTREAM_STUDIO_TOKEN to its publish token, or pass token= to the sink."  # noqa: S105

ANSWER_SECONDS = 5.0
"""Seconds that Studio may take to answer a batch. It answers when the frames are on disk."""


class Publisher:
    """Sends what is in the outbox, and drops it once Studio has stored it.

    `find` returns Studio's address; it is called again after every failure. `so_far` returns everything that
    is open, for a Studio that has lost its data. Used by one thread, except `abort`.
    """

    def __init__(
        self,
        outbox: Outbox,
        run: frames.RunInfo,
        find: Callable[[], Address],
        so_far: Callable[[], list[frames.Frame]],
        trouble: Trouble,
    ) -> None:
        self.outbox = outbox
        self.producer = _new_id()
        self._run = run
        self._find = find
        self._so_far = so_far
        self._trouble = trouble
        self._connection: Connection | None = None
        self._registered = False
        self._aborted = False
        self._batch_limit = BATCH

    def publish(self) -> None:
        """Send a batch: the oldest frames, or none as a heartbeat. Raises `Unreachable`."""
        connection = self._connected()
        where = connection.address.url
        try:
            self._handle(connection.request("POST", frames.PUBLISH, self._batch()))
        except Unreachable as why:
            self.close()
            if not self._aborted:
                self._trouble.failed(f"Studio at {where}: {why}. {why.hint}")
            raise
        self._trouble.recovered(where)

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        self._registered = False
        if connection is not None:
            connection.close()

    def abort(self) -> None:
        """Make the current request and all later ones fail at once. Safe from any thread."""
        self._aborted = True
        connection = self._connection
        if connection is not None:
            connection.abort()

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = Connection(self._find(), ANSWER_SECONDS)
        if self._aborted:
            raise Unreachable("no longer wanted")
        return self._connection

    def _batch(self) -> bytes:
        head = frames.Batch(self.producer, self.outbox.first, None if self._registered else self._run)
        return b"".join([msgspec.json.encode(head), b"\n", *self.outbox.batch(self._batch_limit)])

    def _handle(self, reply: Reply) -> None:
        match reply.status:
            case 200:
                self._forget(_persisted(reply))
                self._registered = True
            case 409:
                self._go_back(_persisted(reply))
            case 413 if self._batch_limit > 1:
                self._batch_limit //= 2
            case _:
                raise _rejection(reply)

    def _forget(self, persisted: frames.Persisted) -> None:
        self.outbox.forget(persisted.persisted)
        if persisted.refused:
            self._trouble.refused(persisted.refused[0].why)

    def _go_back(self, persisted: frames.Persisted) -> None:
        """Studio misses frames or does not know this producer, as with a new database."""
        if persisted.persisted + 1 < self.outbox.first:
            self.producer = _new_id()
            self.outbox.restart(self._so_far())
        elif self._registered:
            self.outbox.forget(persisted.persisted)
        else:
            raise Unreachable("Studio requests frames that do not exist")
        self._registered = False


def _new_id() -> str:
    return secrets.token_urlsafe(12)


def _persisted(reply: Reply) -> frames.Persisted:
    try:
        return msgspec.json.decode(reply.body, type=frames.Persisted)
    except msgspec.DecodeError as why:
        raise Unreachable("the server there is not a Studio", hint="") from why


def _rejection(reply: Reply) -> Unreachable:
    if reply.status in (401, 403):
        return Unreachable(f"it does not accept the token ({reply.status})", hint=TOKEN_HINT)
    text = " ".join(reply.body[:200].decode("utf-8", "replace").split())
    why = f"it answered {reply.status}" + (f" ({text})" if text else "")
    return Unreachable(why, retry_after=reply.retry_after, hint="Messages are kept for now.")
