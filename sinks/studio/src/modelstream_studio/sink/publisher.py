"""Batches: how a producer's log gets to Studio, and what Studio says to it."""

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
"""Bytes of frames in a batch, if one frame alone is not longer."""

TOKEN_HINT = "Set MODELSTREAM_STUDIO_TOKEN to its publish token, or give the sink token=."  # noqa: S105

ANSWER_SECONDS = 5.0
"""Seconds that Studio may take to answer a batch. It answers when the frames are on disk."""


class Publisher:
    """Sends what is in the outbox, and has it forgotten when Studio has it.

    `find` tells where Studio is; it is asked again after every failure. `so_far` is asked for all that is
    open when Studio has lost what it had. Used by one thread, but for `abort`.
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
        self.producer = _name()
        self._run = run
        self._find = find
        self._so_far = so_far
        self._trouble = trouble
        self._connection: Connection | None = None
        self._introduced = False
        self._aborted = False
        self._most = BATCH

    def publish(self) -> None:
        """Send a batch: the oldest frames, or none as a sign of life. Raises `Unreachable`."""
        connection = self._connected()
        where = connection.address.url
        try:
            self._heed(connection.request("POST", frames.PUBLISH, self._batch()))
        except Unreachable as why:
            self.close()
            if not self._aborted:
                self._trouble.happened(f"Studio at {where}: {why}. {why.hint}")
            raise
        self._trouble.is_there(where)

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        self._introduced = False
        if connection is not None:
            connection.close()

    def abort(self) -> None:
        """Have the request that is being made fail, now, and all later ones. From any thread."""
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
        head = frames.Batch(self.producer, self.outbox.first, None if self._introduced else self._run)
        return b"".join([msgspec.json.encode(head), b"\n", *self.outbox.batch(self._most)])

    def _heed(self, reply: Reply) -> None:
        match reply.status:
            case 200:
                self._forget(_persisted(reply))
                self._introduced = True
            case 409:
                self._go_back(_persisted(reply))
            case 413 if self._most > 1:
                self._most //= 2
            case _:
                raise _unwilling(reply)

    def _forget(self, persisted: frames.Persisted) -> None:
        self.outbox.forget(persisted.persisted)
        if persisted.refused:
            self._trouble.refused(persisted.refused[0].why)

    def _go_back(self, persisted: frames.Persisted) -> None:
        """Studio misses frames, or does not know who we are: it has another database than before."""
        if persisted.persisted + 1 < self.outbox.first:
            self.producer = _name()
            self.outbox.begin_anew(self._so_far())
        elif self._introduced:
            self.outbox.forget(persisted.persisted)
        else:
            raise Unreachable("Studio wants other frames than there are")
        self._introduced = False


def _name() -> str:
    return secrets.token_urlsafe(12)


def _persisted(reply: Reply) -> frames.Persisted:
    try:
        return msgspec.json.decode(reply.body, type=frames.Persisted)
    except msgspec.DecodeError as why:
        raise Unreachable("what answers there is no Studio", hint="") from why


def _unwilling(reply: Reply) -> Unreachable:
    if reply.status in (401, 403):
        return Unreachable(f"it does not accept the token ({reply.status})", hint=TOKEN_HINT)
    said = " ".join(reply.body[:200].decode("utf-8", "replace").split())
    why = f"it answered {reply.status}" + (f" ({said})" if said else "")
    return Unreachable(why, retry_after=reply.retry_after, hint="Messages are kept for now.")
