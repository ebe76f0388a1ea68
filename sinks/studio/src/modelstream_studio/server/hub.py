"""The heart of Studio: what producers report comes in, and once a tick all of it is told and kept.

Everything in here runs in the one thread of the event loop; only the store writes in its own.
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
from modelstream_studio.server.runs import LiveRun, run_begun
from modelstream_studio.server.views import Op, RunOp

if TYPE_CHECKING:
    from modelstream_studio.server.messages import LiveMessage
    from modelstream_studio.server.store import Statement, Store

TICK = 0.05
"""Seconds within which news is joined."""
WATCH = 1.0
"""Seconds between two looks for producers that are lost."""


class TooManyError(Exception):
    """More producers are alive than Studio takes in."""


class UnknownProducerError(Exception):
    """A producer that Studio does not know has not said what run it reports from."""


class _Ops(msgspec.Struct):
    ops: list[Op]


class Hub:
    """All live runs. Made within the running event loop; `close` ends it."""

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
        self._kept: asyncio.Future[None] = self._loop.create_future()
        self._committing: asyncio.Future[None] = self._loop.create_future()
        self._committing.set_result(None)
        self._looked = time.monotonic()
        self._recall()
        self._watch = self._loop.call_later(WATCH, self._look_for_lost)

    def producer(self, batch: frames.Batch) -> Producer:
        """The producer of a batch, which was heard of just now.

        Raises `TooManyError`, and `UnknownProducerError` if it has to say more.
        """
        producer = self.producers.get(batch.producer) or self._known_or_new(batch)
        producer.seen = time.monotonic()
        producer.run.view.seen = time.time()
        return producer

    def take(self, producer: Producer, new: list[frames.AnyFrame | frames.Refusal]) -> list[frames.Refusal]:
        """Take in the next frames of a producer; those that make no sense."""
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
        producer.keep()
        return refused

    async def kept(self) -> None:
        """Wait until the store has all that was taken in so far."""
        await asyncio.shield(self._kept if self._statements else self._committing)

    def keep(self, statement: Statement) -> None:
        """Have the store write something with this tick."""
        self._statements.append(statement)
        self._schedule()

    def next_key(self) -> int:
        """The key of a new message: they grow in the order in which messages begin."""
        self._key += 1
        return self._key

    def end(self, run: LiveRun, message: LiveMessage) -> None:
        """A message of the run is over, as its view says."""
        run.end(message, self._statements)

    def run(self, id: str) -> LiveRun | None:  # noqa: A002
        """A run, in memory from now on; None if there is none."""
        live = self.runs.get(id)
        if live is None:
            view = self.archive.run(id)
            if view is not None:
                live = self.runs[id] = LiveRun(view)
        return live

    def answer(self, question: str, value: object) -> bool:
        """Hand the user's answer to whoever asked; False if it came too late."""
        for producer in self.producers.values():
            known = producer.questions.get(question)
            if known is not None and known.state == "open":
                producer.answer(known, value)
                self.commands.answer(producer.id, question, value)
                return True
        return False

    def cancel(self, message: str, run: str | None = None) -> bool:
        """Have the program end the stream of a message; False if it has ended."""
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
        """Tell and keep all that is new."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._last_tick = self._loop.time()
        summaries: list[Op] = []
        events: dict[str, bytes] = {}
        over: list[tuple[LiveRun, list[LiveMessage]]] = []
        for id_, run in self.runs.items():
            ops, summary = run.told(self._statements)
            if summary is not None:
                summaries.append(RunOp(summary))
            if ops:
                events[id_] = self._encoder.encode(_Ops(ops))
            over.append((run, run.ended()))
        if events:
            self.ring.append(self._encoder.encode(_Ops(summaries)) if summaries else b"", events)
            self._ticked.set()
            self._ticked = asyncio.Event()
        if self._statements:
            self._commit(over)

    def release(self) -> None:
        """Tell the last news, and let nobody wait any longer: Studio is about to stop."""
        self._watch.cancel()
        self.tick()
        self.closed = True
        self.commands.close()
        self._ticked.set()

    def close(self) -> None:
        """Have the store write what came last."""
        self.release()
        self.store.close()

    def _commit(self, over: list[tuple[LiveRun, list[LiveMessage]]]) -> None:
        done, self._kept = self._kept, self._loop.create_future()
        self._committing = done
        far = [(producer, producer.applied) for producer in self.producers.values()]
        done.add_done_callback(lambda _: self._committed(over, far))
        statements, self._statements = self._statements, []
        self.store.write(statements, done)

    def _committed(
        self, over: list[tuple[LiveRun, list[LiveMessage]]], far: list[tuple[Producer, int]]
    ) -> None:
        for producer, applied in far:
            producer.kept = max(producer.kept, applied)
        for run, messages in over:
            run.let_go(messages)
            if run.at_rest and self.runs.get(run.view.id) is run:
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
                run = self.runs[batch.run.id] = LiveRun(run_begun(batch.run, time.time()))
            made = Producer(batch.producer, run, self)
            run.view.state = "live"
            run.changed()
            made.keep()
        else:
            run_id, persisted, state = known
            run = self.run(run_id)
            if run is None:
                raise RuntimeError(f"the run {run_id} of producer {batch.producer} is not in the store")
            made = Producer(batch.producer, run, self, persisted)
            if state != "live":
                made.state = "finished" if state == "finished" else "lost"
                run.producers.discard(made.id)
        self.producers[made.id] = made
        return made

    def _recall(self) -> None:
        """Go on where the last server ended. Who is still alive will be heard of within its lease."""
        for id_, run_id, persisted in self.archive.live_producers():
            run = self.run(run_id)
            if run is not None:
                run.view.live = run.view.questions = 0
                self.producers[id_] = Producer(id_, run, self, persisted)
        for producer in self.producers.values():
            producer.recall("live")

    def _look_for_lost(self) -> None:
        self._watch = self._loop.call_later(WATCH, self._look_for_lost)
        now = time.monotonic()
        # Who could not be listened to, because Studio was busy or asleep itself, was not silent.
        deaf = max(now - self._looked - 2 * WATCH, 0)
        self._looked = now
        for producer in list(self.producers.values()):
            producer.seen += deaf
            silent = now - producer.seen > frames.LEASE
            if silent and producer.state == "live" and self.store.failure is None:
                producer.lose()
            elif silent and producer.state != "live" and producer.kept == producer.applied:
                del self.producers[producer.id]
                self.commands.forget(producer.id)
