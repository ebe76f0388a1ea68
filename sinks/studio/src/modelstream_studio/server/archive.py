"""Read runs, messages and questions from the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from modelstream_studio.server import limits
from modelstream_studio.server.messages import LiveMessage
from modelstream_studio.server.rows import RUN_COLUMNS, question_of, run_of
from modelstream_studio.server.views import Message, Question, Run

if TYPE_CHECKING:
    from modelstream_studio.frames import Counts
    from modelstream_studio.server.store import Store

_decode = msgspec.json.Decoder(Message)


class Archive:
    """Reads the store. What is in memory is newer; the caller has to prefer it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def run(self, id: str) -> Run | None:  # noqa: A002
        """The summary of a run."""
        rows = self._store.read(f"SELECT {RUN_COLUMNS} FROM runs WHERE id=?", (id,))  # noqa: S608
        return run_of(rows[0]) if rows else None

    def runs(self, search: str, before: Run | None, limit: int) -> list[Run]:
        """The latest runs whose project, name, program, id or agents contain `search`."""
        where, values = "1", []
        if before is not None:
            where += " AND (started, id) < (?, ?)"
            values += [before.started, before.id]
        for word in search.split():
            where += " AND (project||' '||name||' '||program||' '||id||' '||agents) LIKE ? ESCAPE '\\'"
            values.append(f"%{_literal(word)}%")
        sql = f"SELECT {RUN_COLUMNS} FROM runs WHERE {where} ORDER BY started DESC, id DESC LIMIT ?"  # noqa: S608
        return [run_of(row) for row in self._store.read(sql, (*values, limit))]

    def producer(self, id: str) -> tuple[str, int, str] | None:  # noqa: A002
        """A producer's run, its last stored frame, and its state."""
        rows = self._store.read("SELECT run, persisted, state FROM producers WHERE id=?", (id,))
        return rows[0] if rows else None

    def live_producers(self) -> list[tuple[str, str, int]]:
        """The producers that were live when Studio ended: id, run and last stored frame."""
        return self._store.read("SELECT id, run, persisted FROM producers WHERE state='live'")

    def last_key(self) -> int:
        """The largest key of a message."""
        return int(self._store.read("SELECT coalesce(max(key), 0) FROM messages")[0][0])

    def views(self, run: str, before: int | None, limit: int) -> list[tuple[int, str]]:
        """The latest finished messages of a run, newest first: key, and the message as JSON."""
        return self._store.read(
            "SELECT key, view FROM messages WHERE run=? AND state<>'live' AND key<? "
            "ORDER BY key DESC LIMIT ?",
            (run, before if before is not None else 1 << 62, limit),
        )

    def texts(self, run: str) -> list[tuple[str, str]]:
        """All finished messages of a run, oldest first: the message as JSON, and its text."""
        return self._store.read(
            "SELECT view, text FROM messages WHERE run=? AND state<>'live' ORDER BY key", (run,)
        )

    def questions(self, run: str) -> list[Question]:
        """The latest questions of a run, oldest first."""
        rows = self._store.read(
            "SELECT view FROM questions WHERE run=? ORDER BY asked DESC LIMIT ?", (run, limits.SNAPSHOT)
        )
        return [question_of(view) for (view,) in reversed(rows)]

    def trace(self, run: str, message: str) -> tuple[int, Counts | None] | None:
        """The key of a message and its token counts, if there is such a message."""
        rows = self._store.read("SELECT key, view FROM messages WHERE run=? AND id=?", (run, message))
        return (rows[0][0], _decode.decode(rows[0][1]).usage) if rows else None

    def messages_of(self, producer: str, state: str) -> list[LiveMessage]:
        """The messages of a producer in this state, ready to continue."""
        return self._restored("producer=? AND state=?", producer, state)

    def questions_of(self, producer: str, state: str) -> list[Question]:
        """The questions of a producer in this state (`cut`: withdrawn because the producer was lost)."""
        rows = self._store.read(
            "SELECT view FROM questions WHERE producer=? AND state=? ORDER BY asked", (producer, state)
        )
        return [question_of(view) for (view,) in rows]

    def question(self, producer: str, id: str) -> Question | None:  # noqa: A002
        """A question of the producer, if it is stored."""
        rows = self._store.read("SELECT view FROM questions WHERE id=? AND producer=?", (id, producer))
        return question_of(rows[0][0]) if rows else None

    def _restored(self, where: str, *values: Any) -> list[LiveMessage]:
        rows = self._store.read(
            f"SELECT key, producer, view, text, shift FROM messages WHERE {where} ORDER BY key",  # noqa: S608
            values,
        )
        return [self._restore(*row) for row in rows]

    def _restore(self, key: int, producer: str, view: str, text: str, shift: int) -> LiveMessage:
        message = LiveMessage(key, producer, _decode.decode(view))
        pieces = self._store.read("SELECT kind, data FROM pieces WHERE message=? ORDER BY n", (key,))
        message.restore(text, shift, pieces)
        return message


def _literal(word: str) -> str:
    """The word as an SQL pattern that matches it literally."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
