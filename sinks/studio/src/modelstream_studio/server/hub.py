"""The centre of Studio: receives reports; once per tick sends them to browsers and stores them.

Everything here runs in the thread of the event loop; only the store writes in its own.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import TYPE_CHECKING

import msgspec

from modelstream_studio import frames
from modelstream_studio.server import limits
from modelstream_studio.server.archive import Archive
from modelstream_studio.server.commands import CommandBoard
from modelstream_studio.server.producers import Producer, RefusedError
from modelstream_studio.server.ring import Ring
from modelstream_studio.server.runs import LiveRun, new_run
from modelstream_studio.server.views import Op, RunOp

if TYPE_CHECKING:
    from modelstream_studio.server.messages import LiveMessage
    from modelstream_studio.server.store import Statement, Store

TICK = 0.05
"""Seconds between two ticks."""
WATCH = 1.0
"""Seconds between two checks for lost producers."""


class TooManyError(Exception):
    """More producers are live than Studio accepts."""


class UnknownProducerError(Exception):
    """An unknown producer did not send its run."""


class _Ops(msgspec.Struct):
    ops: list[Op]


class Hub:
    """All live runs. Created within the running event loop; `close` ends it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.archive = Archive(store)
        self.ring = Ring(secrets.token_hex(4))
        self.runs: dict[str, LiveRun] = {}
        self.producers: dict[str, Producer] = {}
        self.closed = False
        self.commands = CommandBoard(self)
        self._key = self.archive.last_key()
        self._statements: list[Statement] = []
        self._encoder = msgspec.json.Encoder()
        self._loop = asyncio.get_running_loop()
        self._ticked = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._last_tick = 0.0
        self._stored: asyncio.Future[None] = self._loop.create_future()
        self._committing: asyncio.Future[None] = self._loop.create_future()
        self._committing.set_result(None)
        self._checked_at = time.monotonic()
        self._recall()
        self._watch = self._loop.call_later(WATCH, self._check_for_lost)

    def producer(self, batch: frames.Batch) -> Producer:
        """The producer of a batch, now marked as seen.

        Raises `TooManyError`, or `UnknownProducerError` if the batch must include the run.
        """
        producer = self.producers.get(batch.producer) or self._known_or_new(batch)
        producer.seen = time.monotonic()
        producer.run.view.seen = time.time()
        return producer

    def take(self, producer: Producer, new: list[frames.AnyFrame | frames.Refusal]) -> list[frames.Refusal]:
        """Take in the next frames of a producer; returns the invalid ones."""
        refused = []
        for frame in new:
            producer.applied += 1
            if isinstance(frame, frames.Refusal):
                refused.append(frame)
                continue
            try:
                producer.take(frame)
            except RefusedError as error:
                refused.append(frames.Refusal(producer.applied, str(error)))
        producer.store_later()
        return refused

    async def stored(self) -> None:
        """Wait until everything taken in so far is stored."""
        await asyncio.shield(self._stored if self._statements else self._committing)

    def store_later(self, statement: Statement) -> None:
        """Write a statement with this tick."""
        self._statements.append(statement)
        self._schedule()

    def next_key(self) -> int:
        """The key of a new message: they grow in the order in which messages begin."""
        self._key += 1
        return self._key

    def end(self, run: LiveRun, message: LiveMessage) -> None:
        """End a message of the run; its view has the state."""
        run.end(message, self._statements)

    def run(self, id: str) -> LiveRun | None:  # noqa: A002
        """Load a run into memory; None if it does not exist."""
        live = self.runs.get(id)
        if live is None:
            view = self.archive.run(id)
            if view is not None:
                live = self.runs[id] = LiveRun(view)
        return live

    def answer(self, question: str, value: object) -> bool:
        """Pass the user's answer to the producer that asked; False if it came too late."""
        for producer in self.producers.values():
            known = producer.questions.get(question)
            if known is not None and known.state == "open":
                producer.answer(known, value)
                self.commands.answer(producer.id, question, value)
                return True
        return False

    def cancel(self, message: str, run: str | None = None) -> bool:
        """Ask the program to end the stream of a message; False if it has ended."""
        for live in [self.runs.get(run)] if run is not None else list(self.runs.values()):
            found = live.messages.get(message) if live is not None else None
            if found is not None and found.live:
                self.commands.cancel(found.producer, message)
                return True
        return False

    async def ticked(self) -> None:
        """Wait for the next tick in which something happened."""
        await self._ticked.wait()

    def tick(self) -> None:
        """Send everything new to browsers, and store it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._last_tick = self._loop.time()
        summaries: list[Op] = []
        events: dict[str, bytes] = {}
        over: list[tuple[LiveRun, list[LiveMessage]]] = []
        for id_, run in self.runs.items():
            ops, summary = run.take_changes(self._statements)
            if summary is not None:
                summaries.append(RunOp(summary))
            if ops:
                events[id_] = self._encoder.encode(_Ops(ops))
            over.append((run, run.take_ended()))
        if events:
            self.ring.append(self._encoder.encode(_Ops(summaries)) if summaries else b"", events)
            self._ticked.set()
            self._ticked = asyncio.Event()
        if self._statements:
            self._commit(over)

    def release(self) -> None:
        """Send the last events and end all waits: Studio is about to stop."""
        self._watch.cancel()
        self.tick()
        self.closed = True
        self.commands.close()
        self._ticked.set()

    def close(self) -> None:
        """Write the rest and close the store."""
        self.release()
        self.store.close()

    def _commit(self, over: list[tuple[LiveRun, list[LiveMessage]]]) -> None:
        done, self._stored = self._stored, self._loop.create_future()
        self._committing = done
        applied = [(producer, producer.applied) for producer in self.producers.values()]
        done.add_done_callback(lambda _: self._committed(over, applied))
        statements, self._statements = self._statements, []
        self.store.write(statements, done)

    def _committed(
        self, over: list[tuple[LiveRun, list[LiveMessage]]], applied: list[tuple[Producer, int]]
    ) -> None:
        for producer, number in applied:
            producer.stored = max(producer.stored, number)
        for run, messages in over:
            run.release(messages)
            if run.can_be_dropped and self.runs.get(run.view.id) is run:
                del self.runs[run.view.id]

    def _schedule(self) -> None:
        if self._timer is None and not self.closed:
            pause = max(self._last_tick + TICK - self._loop.time(), 0)
            self._timer = self._loop.call_later(pause, self.tick)

    def _known_or_new(self, batch: frames.Batch) -> Producer:
        known = self.archive.producer(batch.producer)
        if sum(one.state == "live" for one in self.producers.values()) >= limits.PRODUCERS:
            raise TooManyError
        if known is None:
            if batch.run is None:
                raise UnknownProducerError
            run = self.run(batch.run.id)
            if run is None:
                run = self.runs[batch.run.id] = LiveRun(new_run(batch.run, time.time()))
            producer = Producer(batch.producer, run, self)
            run.view.state = "live"
            run.changed()
            producer.store_later()
        else:
            run_id, persisted, state = known
            run = self.run(run_id)
            if run is None:
                raise RuntimeError(f"the run {run_id} of producer {batch.producer} is not in the store")
            producer = Producer(batch.producer, run, self, persisted)
            if state != "live":
                producer.state = "finished" if state == "finished" else "lost"
                run.producers.discard(producer.id)
        self.producers[producer.id] = producer
        return producer

    def _recall(self) -> None:
        """Continue where the last server ended. Producers that are alive will report within their lease."""
        for id_, run_id, persisted in self.archive.live_producers():
            run = self.run(run_id)
            if run is not None:
                run.view.live = run.view.questions = 0
                self.producers[id_] = Producer(id_, run, self, persisted)
        for producer in self.producers.values():
            producer.recall("live")

    def _check_for_lost(self) -> None:
        self._watch = self._loop.call_later(WATCH, self._check_for_lost)
        now = time.monotonic()
        # Time in which Studio itself was blocked or suspended does not count as silence.
        blocked = max(now - self._checked_at - 2 * WATCH, 0)
        self._checked_at = now
        for producer in list(self.producers.values()):
            producer.seen += blocked
            silent = now - producer.seen > frames.LEASE
            if silent and producer.state == "live" and self.store.failure is None:
                producer.lose()
            elif silent and producer.state != "live" and producer.stored == producer.applied:
                del self.producers[producer.id]
                self.commands.forget(producer.id)
