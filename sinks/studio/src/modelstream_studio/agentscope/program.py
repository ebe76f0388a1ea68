"""One AgentScope program as a producer: whole texts become what is new, and silence an end."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING, Any

from modelstream_studio import frames
from modelstream_studio.agentscope.contents import Contents, contents_of

if TYPE_CHECKING:
    from modelstream_studio.server.hub import Hub
    from modelstream_studio.server.producers import Producer

QUIET = 5.0
"""Seconds after which a message that does not grow is taken to be complete."""

FORGOTTEN = 60.0
"""Seconds of silence after which a program is over of which nothing else is known."""

WATCH = 1.0
"""Seconds between two looks."""


class Program:
    """Reports for the program, in its place. `connected` is how many sockets it has open.

    A message is complete when its agent begins the next one, when nothing came for a while, or at the end of
    the program; if it grows after all, it goes on.
    """

    def __init__(self, hub: Hub, run: frames.RunInfo) -> None:
        self.connected = 0
        self.over = False
        self._hub = hub
        self._run = run
        self._known: dict[str, Contents] = {}
        self._pushed: dict[str, float] = {}
        self._heard = time.time()
        # A process that can't be seen from here, as one in a container, can't be missed either.
        self._visible = run.pid is not None and _runs(run.pid)
        self._watching = asyncio.create_task(self._watch())

    @property
    def producer(self) -> Producer:
        """Its producer, which this brings back to life."""
        producer = self._hub.producer(frames.Batch(f"agentscope-{self._run.id}", 1, self._run))
        if producer.state != "live":
            producer.revive()
        return producer

    def greet(self) -> None:
        """The program is there, though it has not said anything."""
        self._take()

    def push(self, id: str, name: str, role: str, content: Any) -> None:  # noqa: A002
        """A message, as it is by now."""
        self._heard = self._pushed[id] = time.time()
        producer = self.producer
        new = [] if id in producer.messages else [*self._ends_of(name), self._opened(id, name, role)]
        self._take(*new, *self._news(id, contents_of(content)))

    def count(self, usage: frames.Counts) -> None:
        """What a call has used. It does not say for which message: for the one that has grown last."""
        latest = max(self.producer.messages, key=lambda id_: self._pushed.get(id_, 0.0), default=None)
        if latest is not None:
            self._take(frames.UsageSoFar(message=latest, usage=usage))

    def ask(self, question: frames.Ask) -> None:
        """The user is asked."""
        self._heard = time.time()
        self._take(question)

    def answered(self, question: str, value: Any) -> None:
        """The program has its answer."""
        self._take(frames.Answered(question=question, value=value))

    def end(self) -> None:
        """The program is over."""
        self.over = True
        self._watching.cancel()
        closes = [self._closed(id_) for id_ in self.producer.messages]
        self._take(*closes, frames.Bye(at=time.time()))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH)
            if not self._is_alive():
                self.end()
                return
            still = [id_ for id_ in self.producer.messages if self._silent_for(id_) > QUIET]
            if still:
                self._take(*map(self._closed, still))

    def _is_alive(self) -> bool:
        if self._visible and self._run.pid is not None:
            return _runs(self._run.pid)
        return self.connected > 0 or time.time() - self._heard < FORGOTTEN

    def _silent_for(self, id: str) -> float:  # noqa: A002
        return time.time() - self._pushed.setdefault(id, time.time())

    def _take(self, *new: frames.AnyFrame) -> None:
        self._hub.take(self.producer, list(new))

    def _ends_of(self, name: str) -> list[frames.AnyFrame]:
        messages = self.producer.messages
        return [self._closed(id_) for id_, message in messages.items() if message.view.name == name]

    def _opened(self, id: str, name: str, role: str) -> frames.Open:  # noqa: A002
        self._known[id] = Contents()
        return frames.Open(message=id, name=name, at=self._heard, role=role)

    def _closed(self, id: str) -> frames.Close:  # noqa: A002
        known = self._known.pop(id, Contents())
        ended = self._pushed.pop(id, time.time())
        return frames.Close(message=id, state="complete", at=ended, tool_calls=list(known.calls))

    def _news(self, id: str, now: Contents) -> list[frames.AnyFrame]:  # noqa: A002
        """What is new in a message."""
        known = self._known.get(id) or self._recalled(id)
        self._known[id] = now
        at = self._heard
        news: list[frames.AnyFrame] = []
        if not now.text.startswith(known.text):
            news.append(frames.Fresh(message=id, text=now.text))
        elif len(now.text) > len(known.text):
            offset = len(known.text)
            news.append(frames.Text(message=id, offset=offset, delta=now.text[offset:], at=at))
        thought = len(known.reasoning)
        if len(now.reasoning) > thought:
            news.append(frames.Reasoning(message=id, offset=thought, delta=now.reasoning[thought:], at=at))
        for index, call in enumerate(now.calls[len(known.calls) :], len(known.calls)):
            # Its arguments are written anew each time: they are told at the end.
            news.append(frames.Tool(message=id, index=index, id=call.id, name=call.name))
        return news

    def _recalled(self, id: str) -> Contents:  # noqa: A002
        """What Studio knew of the message before it was started again."""
        message = self.producer.messages.get(id)
        if message is None:
            return Contents()
        view = message.snapshot()
        calls = [frames.Call(call.id or "", call.name or "", call.arguments) for call in view.tool_calls]
        return Contents(message.text, view.reasoning, tuple(calls))


def _runs(pid: int) -> bool:
    """Whether there is such a process; where one can't ask that without harm, there is none."""
    if os.name != "posix" or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
