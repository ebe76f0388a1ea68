"""The database: one SQLite file, written by one thread, one transaction per tick.

In write-ahead mode a committed transaction survives the death of the process, and readers never wait.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

logger = logging.getLogger("modelstream.studio")

Statement = tuple[str, Sequence[Any]]

VERSION = 1
SCHEMA = """
CREATE TABLE runs(
    id TEXT PRIMARY KEY, project TEXT, name TEXT, program TEXT, pid INTEGER, host TEXT,
    started REAL, seen REAL, state TEXT, messages INTEGER, live INTEGER, questions INTEGER,
    input_tokens INTEGER, output_tokens INTEGER, agents TEXT);
CREATE INDEX runs_by_start ON runs(started DESC, id DESC);
CREATE TABLE producers(id TEXT PRIMARY KEY, run TEXT, persisted INTEGER, state TEXT);
CREATE TABLE messages(
    key INTEGER PRIMARY KEY, run TEXT, id TEXT, producer TEXT, state TEXT, view TEXT, text TEXT,
    shift INTEGER, UNIQUE(run, id));
CREATE INDEX messages_of_producer ON messages(producer, state);
CREATE TABLE pieces(n INTEGER PRIMARY KEY, message INTEGER, kind TEXT, data TEXT);
CREATE INDEX pieces_of_message ON pieces(message, n);
CREATE TABLE questions(
    id TEXT PRIMARY KEY, run TEXT, producer TEXT, asked REAL, state TEXT, view TEXT);
CREATE INDEX questions_of_run ON questions(run, asked);
CREATE TABLE commands(n INTEGER PRIMARY KEY, producer TEXT, body TEXT);
"""
_PERMANENT_ERRORS = (
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    OverflowError,
    UnicodeError,
)
"""Errors of a statement itself, which would fail again on a retry."""
RETRY = 1.0
"""Seconds until a failed transaction (for example on a full disk) is tried again."""


class DatabaseError(Exception):
    """The file can't be used by this Studio; the message says why and how to fix it."""


class Store:
    """Writes batches of statements in order, in its own thread; reads in the caller's.

    `failure` is the error while nothing can be written; waiting statements are retried until they succeed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.failure: str | None = None
        self._lock = _locked(path)
        try:
            _prepare(path)
        except DatabaseError:
            self._lock.close()
            raise
        self._reader = _connected(path)
        self._waiting: queue.SimpleQueue[tuple[list[Statement], asyncio.Future[None] | None] | None]
        self._waiting = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="studio-store", daemon=True)
        self._thread.start()

    def write(self, statements: list[Statement], done: asyncio.Future[None] | None = None) -> None:
        """Write the statements as one transaction or a part of one; `done` is set afterwards."""
        self._waiting.put((statements, done))

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """The rows of a query on committed data."""
        return self._reader.execute(sql, parameters).fetchall()

    def close(self) -> None:
        """Write the waiting statements, and close the file."""
        self._closing.set()
        self._waiting.put(None)
        self._thread.join(5)
        self._reader.close()
        self._lock.close()

    def _work(self) -> None:
        writer = _connected(self.path)
        while (first := self._waiting.get()) is not None:
            batches = [first]
            while not self._waiting.empty():
                further = self._waiting.get()
                if further is None:
                    self._waiting.put(None)
                    break
                batches.append(further)
            if not self._write_all(writer, [statement for batch, _ in batches for statement in batch]):
                break
            for _, done in batches:
                if done is not None:
                    _announce(done)
        writer.close()

    def _write_all(self, writer: sqlite3.Connection, statements: list[Statement]) -> bool:
        """Retry until the statements are written; False if Studio stops before that."""
        while True:
            try:
                _transact(writer, statements)
            except _PERMANENT_ERRORS:
                logger.exception("a statement can't be written to %s", self.path)
                statements = _without_failing(writer, statements)
            except sqlite3.Error as error:
                if self.failure is None:
                    logger.error("%s can't be written to: %s", self.path, error)  # noqa: TRY400
                self.failure = str(error)
                if self._closing.wait(RETRY):
                    return False
            else:
                self.failure = None
                return True


def _transact(writer: sqlite3.Connection, statements: list[Statement]) -> None:
    with writer:
        writer.execute("BEGIN")
        for sql, parameters in statements:
            writer.execute(sql, parameters)


def _without_failing(writer: sqlite3.Connection, statements: list[Statement]) -> list[Statement]:
    """The statements without those that can never be written, so that they don't block the others."""
    valid = []
    for statement in statements:
        try:
            _transact(writer, [("SAVEPOINT trial", ()), statement, ("ROLLBACK TO trial", ())])
        except _PERMANENT_ERRORS:
            continue
        valid.append(statement)
    return valid


def _announce(done: asyncio.Future[None]) -> None:
    def set_done() -> None:
        if not done.done():
            done.set_result(None)

    with suppress(RuntimeError):  # the server has stopped, so nothing waits
        done.get_loop().call_soon_threadsafe(set_done)


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA busy_timeout=5000")
    return connection


def _locked(path: Path) -> IO[bytes]:
    """Open a file that stays locked while it is open, since two Studios would not see each other's runs."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = path.with_name(f"{path.name}.lock").open("ab")
    except OSError as error:
        raise _unusable(path, error) from error
    with suppress(ImportError):  # not on every platform
        import fcntl

        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise DatabaseError(
                f"The database {path} is in use by another Studio. Stop that one, or choose another file: "
                "modelstream studio --db FILE"
            ) from error
    return lock


def _unusable(path: Path, error: Exception) -> DatabaseError:
    return DatabaseError(
        f"The database {path} can't be used: {error}. Choose another file: modelstream studio --db FILE"
    )


def _prepare(path: Path) -> None:
    """Create the file, readable only by its owner, or check that it is a Studio database."""
    try:
        path.touch(mode=0o600)
        connection = _connected(path)
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            empty = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if version == 0 and empty:
                connection.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version={VERSION}; COMMIT;")
            elif version != VERSION:
                raise DatabaseError(
                    f"{path} is not a database of this Studio (version {version}, not {VERSION}). "
                    "Choose another file: modelstream studio --db FILE"
                )
        finally:
            connection.close()
    except (OSError, sqlite3.Error) as error:
        raise _unusable(path, error) from error
