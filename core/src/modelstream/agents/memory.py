"""What an agent remembers of a conversation."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from modelstream.agents.msg import Msg

logger = logging.getLogger("modelstream.agents")


class TemporaryMemory:
    """Messages in the order in which they came, in this process only.

    A message that it holds already is not added again. An empty memory counts as true, so that
    `if agent.memory:` asks whether there is one.
    """

    def __init__(self) -> None:
        self._messages: dict[str, Msg] = {}

    def add(self, memories: Msg | Iterable[Msg] | None) -> None:
        """Add one message or several; None adds nothing. Raises `TypeError` for anything else."""
        for message in _each(memories):
            self._messages.setdefault(message.id, message)

    def delete(self, index: int | Iterable[int]) -> None:
        """Forget the messages at these positions. A position that there is not is only logged."""
        unwanted = {index} if isinstance(index, int) else set(index)
        held = list(self._messages.items())
        nowhere = [at for at in unwanted if not 0 <= at < len(held)]
        if nowhere:
            logger.warning("memory.delete: nothing at %s, it holds %d messages", sorted(nowhere), len(held))
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
        """Add messages: from a file that `export` wrote, from such JSON itself, or as they are.

        `overwrite` forgets what was held before, once the new messages could be read.
        """
        arriving = _read(memories) if isinstance(memories, str) else list(_each(memories))
        if overwrite:
            self.clear()
        self.add(arriving)

    def clear(self) -> None:
        """Forget everything."""
        self._messages = {}

    def size(self) -> int:
        """The number of messages held."""
        return len(self._messages)

    def get_memory(
        self, recent_n: int | None = None, filter_func: Callable[[int, Msg], bool] | None = None
    ) -> list[Msg]:
        """The last `recent_n` messages, or all: those of them that `filter_func(position, message)` keeps."""
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
