"""The memory of an agent."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from modelstream.agents.msg import Msg

logger = logging.getLogger("modelstream.agents")


class TemporaryMemory:
    """Messages in order of arrival, in this process only.

    A message that it already contains is not added again. An empty memory is true, so that `if agent.memory:`
    tests whether there is one.
    """

    def __init__(self) -> None:
        self._messages: dict[str, Msg] = {}

    def add(self, memories: Msg | Iterable[Msg] | None) -> None:
        """Add one message or several; None adds nothing. Raises `TypeError` for anything else."""
        for message in _each(memories):
            self._messages.setdefault(message.id, message)

    def delete(self, index: int | Iterable[int]) -> None:
        """Delete the messages at these positions. A position out of range is only logged."""
        unwanted = {index} if isinstance(index, int) else set(index)
        held = list(self._messages.items())
        missing = [at for at in unwanted if not 0 <= at < len(held)]
        if missing:
            logger.warning(
                "memory.delete: no message at %s, there are %d messages", sorted(missing), len(held)
            )
        self._messages = dict(pair for at, pair in enumerate(held) if at not in unwanted)

    def export(self, file_path: str | None = None, to_mem: bool = False) -> list[Msg] | None:  # noqa: FBT002
        """Write all messages to `file_path` as JSON, or return them as a list if `to_mem`."""
        if to_mem:
            return list(self._messages.values())
        if file_path is None:
            raise ValueError("memory.export needs a file_path, or to_mem=True for the list itself.")
        messages = [message.to_dict() for message in self._messages.values()]
        Path(file_path).write_text(json.dumps(messages, ensure_ascii=False, indent=2), encoding="utf-8")
        return None

    def load(self, memories: str | Msg | Iterable[Msg], overwrite: bool = False) -> None:  # noqa: FBT002
        """Add messages: `Msg` objects, the path of a file that `export` wrote, or its JSON text.

        `overwrite` deletes the existing messages, after the new ones were read successfully.
        """
        incoming = _read(memories) if isinstance(memories, str) else list(_each(memories))
        if overwrite:
            self.clear()
        self.add(incoming)

    def clear(self) -> None:
        """Delete all messages."""
        self._messages = {}

    def size(self) -> int:
        """The number of messages."""
        return len(self._messages)

    def get_memory(
        self, recent_n: int | None = None, filter_func: Callable[[int, Msg], bool] | None = None
    ) -> list[Msg]:
        """The last `recent_n` messages, or all, for which `filter_func(position, message)` is true."""
        messages = list(self._messages.values())
        if recent_n is not None:
            messages = messages[max(len(messages) - recent_n, 0) :]
        if filter_func is None:
            return messages
        return [message for at, message in enumerate(messages) if filter_func(at, message)]


def _each(memories: Any) -> Iterable[Msg]:
    if memories is None:
        return
    found = [memories] if isinstance(memories, Msg) or not isinstance(memories, Iterable) else memories
    for message in found:
        if not isinstance(message, Msg):
            raise TypeError(f"A memory holds Msg objects; it can't add {message!r:.60}.")
        yield message


def _read(source: str) -> list[Msg]:
    text = source
    if not source.lstrip().startswith(("[", "{")):
        text = Path(source).read_text(encoding="utf-8")
    found = json.loads(text)
    return [Msg.from_dict(fields) for fields in (found if isinstance(found, list) else [found])]
