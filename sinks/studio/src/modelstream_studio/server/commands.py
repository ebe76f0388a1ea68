"""The way back to producers: answers and wishes to end a stream, until they are handled."""

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
    """The commands of each producer that are not settled. Answers outlive the server, cancels need not."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._of: dict[str, list[Command]] = {}
        self._news: dict[str, asyncio.Event] = {}
        # Numbers grow from one server to the next: a producer asks for those after the last it has seen.
        self._last = int(time.time() * 1000)
        for n, producer, body in hub.store.read("SELECT n, producer, body FROM commands ORDER BY n"):
            self._last = max(self._last, n)
            self._of.setdefault(producer, []).append(msgspec.json.decode(body, type=Answer))

    def answer(self, producer: str, question: str, value: Any) -> None:
        """Hand an answer to the producer that asked."""
        command = Answer(self._number(), question, value)
        body = _encode.encode(command).decode()
        self._hub.keep(("INSERT INTO commands VALUES(?, ?, ?)", (command.n, producer, body)))
        self._post(producer, command)

    def cancel(self, producer: str, message: str) -> None:
        """Ask the producer to end a stream."""
        self._post(producer, Cancel(self._number(), message))

    def settled(self, producer: str, about: str) -> None:
        """The question or message is over: nothing needs to be said about it any more."""
        waiting = self._of.get(producer)
        if not waiting:
            return
        for command in [one for one in waiting if _about(one) == about]:
            waiting.remove(command)
            if isinstance(command, Answer):
                self._hub.keep(("DELETE FROM commands WHERE n=?", (command.n,)))
        if not waiting:
            del self._of[producer]

    def forget(self, producer: str) -> None:
        """The producer has gone, and does not wait for anything."""
        news = self._news.pop(producer, None)
        if news is not None:
            news.set()

    async def after(self, producer: str, n: int, seconds: float) -> list[Command]:
        """The commands after number `n`, as soon as there are any; none after so many seconds."""
        found = self._after(producer, n)
        if not found and seconds > 0:
            news = self._news.setdefault(producer, asyncio.Event())
            try:
                async with asyncio.timeout(seconds):
                    await news.wait()
            except TimeoutError:
                pass
            found = self._after(producer, n)
        return found

    def close(self) -> None:
        """Let nobody wait any longer."""
        for news in self._news.values():
            news.set()

    def _after(self, producer: str, n: int) -> list[Command]:
        return [command for command in self._of.get(producer, ()) if command.n > n]

    def _number(self) -> int:
        self._last += 1
        return self._last

    def _post(self, producer: str, command: Command) -> None:
        self._of.setdefault(producer, []).append(command)
        news = self._news.pop(producer, None)
        if news is not None:
            news.set()


def _about(command: Command) -> str:
    return command.question if isinstance(command, Answer) else command.message
