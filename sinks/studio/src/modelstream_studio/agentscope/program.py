"""One AgentScope program as a producer: whole texts become deltas, and long silence an end."""

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
"""Seconds after which a message that does not grow counts as complete."""

FORGOTTEN = 60.0
"""Seconds of silence after which a program counts as over, if its process can't be checked."""

WATCH = 1.0
"""Seconds between two checks."""


class Program:
    """Reports on behalf of the program. `connected` is the number of its open sockets.

    A message is complete when its agent begins the next one, after a while without content, or at the end of
    the program; if it grows after all, it continues.
    """

    def __init__(self, hub: Hub, run: frames.RunInfo) -> None:
        self.connected = 0
        self.over = False
        self._hub = hub
        self._run = run
        self._known: dict[str, Contents] = {}
        self._received_at: dict[str, float] = {}
        self._received = time.time()
        # A process that is not visible from here, as one in a container, can't be checked for its end.
        self._visible = run.pid is not None and _runs(run.pid)
        self._watching = asyncio.create_task(self._watch())

    @property
    def producer(self) -> Producer:
        """Its producer, revived if necessary."""
        producer = self._hub.producer(frames.Batch(f"agentscope-{self._run.id}", 1, self._run))
        if producer.state != "live":
            producer.revive()
        return producer

    def announce(self) -> None:
        """Show the program, although it has not sent a message yet."""
        self._take()

    def push(self, id: str, name: str, role: str, content: Any) -> None:  # noqa: A002
        """Update a message to its current content."""
        self._received = self._received_at[id] = time.time()
        producer = self.producer
        new = [] if id in producer.messages else [*self._ends_of(name), self._opened(id, name, role)]
        self._take(*new, *self._changes(id, contents_of(content)))

    def count(self, usage: frames.Counts) -> None:
        """Add the token counts of a call to the message that grew last: a call does not name its message."""
        latest = max(self.producer.messages, key=lambda id_: self._received_at.get(id_, 0.0), default=None)
        if latest is not None:
            self._take(frames.UsageSoFar(message=latest, usage=usage))

    def ask(self, question: frames.Ask) -> None:
        """Ask the user."""
        self._received = time.time()
        self._take(question)

    def answered(self, question: str, value: Any) -> None:
        """Report that the program has its answer."""
        self._take(frames.Answered(question=question, value=value))

    def end(self) -> None:
        """Report that the program is over."""
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
            quiet = [id_ for id_ in self.producer.messages if self._silent_for(id_) > QUIET]
            if quiet:
                self._take(*map(self._closed, quiet))

    def _is_alive(self) -> bool:
        if self._visible and self._run.pid is not None:
            return _runs(self._run.pid)
        return self.connected > 0 or time.time() - self._received < FORGOTTEN

    def _silent_for(self, id: str) -> float:  # noqa: A002
        return time.time() - self._received_at.setdefault(id, time.time())

    def _take(self, *new: frames.AnyFrame) -> None:
        self._hub.take(self.producer, list(new))

    def _ends_of(self, name: str) -> list[frames.AnyFrame]:
        messages = self.producer.messages
        return [self._closed(id_) for id_, message in messages.items() if message.view.name == name]

    def _opened(self, id: str, name: str, role: str) -> frames.Open:  # noqa: A002
        self._known[id] = Contents()
        return frames.Open(message=id, name=name, at=self._received, role=role)

    def _closed(self, id: str) -> frames.Close:  # noqa: A002
        known = self._known.pop(id, Contents())
        ended = self._received_at.pop(id, time.time())
        return frames.Close(message=id, state="complete", at=ended, tool_calls=list(known.calls))

    def _changes(self, id: str, now: Contents) -> list[frames.AnyFrame]:  # noqa: A002
        """The frames for the new content of a message."""
        known = self._known.get(id) or self._recalled(id)
        self._known[id] = now
        at = self._received
        new: list[frames.AnyFrame] = []
        if not now.text.startswith(known.text):
            new.append(frames.Fresh(message=id, text=now.text))
        elif len(now.text) > len(known.text):
            offset = len(known.text)
            new.append(frames.Text(message=id, offset=offset, delta=now.text[offset:], at=at))
        offset = len(known.reasoning)
        if len(now.reasoning) > offset:
            new.append(frames.Reasoning(message=id, offset=offset, delta=now.reasoning[offset:], at=at))
        for index, call in enumerate(now.calls[len(known.calls) :], len(known.calls)):
            # Its arguments are sent again each time; they are reported at the end.
            new.append(frames.Tool(message=id, index=index, id=call.id, name=call.name))
        return new

    def _recalled(self, id: str) -> Contents:  # noqa: A002
        """The content that Studio had stored before its restart."""
        message = self.producer.messages.get(id)
        if message is None:
            return Contents()
        view = message.snapshot()
        calls = [frames.Call(call.id or "", call.name or "", call.arguments) for call in view.tool_calls]
        return Contents(message.text, view.reasoning, tuple(calls))


def _runs(pid: int) -> bool:
    """Whether the process exists; False where that can't be checked safely."""
    if os.name != "posix" or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
