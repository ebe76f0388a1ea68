"""Commands for producers: answers and requests to end a stream, until they are handled."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import msgspec

from modelstream_studio.frames import Answer, Cancel, Command

if TYPE_CHECKING:
    from modelstream_studio.server.hub import Hub

_encode = msgspec.json.Encoder()


class CommandBoard:
    """The open commands of each producer. Answers survive a restart of the server, cancels don't."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._pending: dict[str, list[Command]] = {}
        self._waiters: dict[str, asyncio.Event] = {}
        # Numbers grow across restarts, since producers ask for commands after the last one they have seen.
        self._last = int(time.time() * 1000)
        for n, producer, body in hub.store.read("SELECT n, producer, body FROM commands ORDER BY n"):
            self._last = max(self._last, n)
            self._pending.setdefault(producer, []).append(msgspec.json.decode(body, type=Answer))

    def answer(self, producer: str, question: str, value: Any) -> None:
        """Send an answer to the producer that asked."""
        command = Answer(self._number(), question, value)
        body = _encode.encode(command).decode()
        self._hub.store_later(("INSERT INTO commands VALUES(?, ?, ?)", (command.n, producer, body)))
        self._post(producer, command)

    def cancel(self, producer: str, message: str) -> None:
        """Ask the producer to end a stream."""
        self._post(producer, Cancel(self._number(), message))

    def settled(self, producer: str, about: str) -> None:
        """Drop the commands about a question or message that is over."""
        waiting = self._pending.get(producer)
        if not waiting:
            return
        for command in [one for one in waiting if _about(one) == about]:
            waiting.remove(command)
            if isinstance(command, Answer):
                self._hub.store_later(("DELETE FROM commands WHERE n=?", (command.n,)))
        if not waiting:
            del self._pending[producer]

    def forget(self, producer: str) -> None:
        """Wake the producer's waiting request: it is gone."""
        waiter = self._waiters.pop(producer, None)
        if waiter is not None:
            waiter.set()

    async def after(self, producer: str, n: int, seconds: float) -> list[Command]:
        """The commands after number `n`, as soon as there are any; none after `seconds`."""
        found = self._after(producer, n)
        if not found and seconds > 0:
            waiter = self._waiters.setdefault(producer, asyncio.Event())
            try:
                async with asyncio.timeout(seconds):
                    await waiter.wait()
            except TimeoutError:
                pass
            found = self._after(producer, n)
        return found

    def close(self) -> None:
        """Wake all waiting requests."""
        for waiter in self._waiters.values():
            waiter.set()

    def _after(self, producer: str, n: int) -> list[Command]:
        return [command for command in self._pending.get(producer, ()) if command.n > n]

    def _number(self) -> int:
        self._last += 1
        return self._last

    def _post(self, producer: str, command: Command) -> None:
        self._pending.setdefault(producer, []).append(command)
        waiter = self._waiters.pop(producer, None)
        if waiter is not None:
            waiter.set()


def _about(command: Command) -> str:
    return command.question if isinstance(command, Answer) else command.message
