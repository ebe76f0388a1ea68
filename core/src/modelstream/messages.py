"""What callers may hand to a model as messages, as the dicts that providers take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def as_chat_messages(messages: Any) -> list[dict[str, Any]]:
    """A str, a dict, a `Msg`, None, or nested iterables of them, as one list of dicts with role and content."""
    if messages is None:
        return []
    if isinstance(messages, str):
        return [{"role": "user", "content": messages}]
    if isinstance(messages, Mapping):
        return [dict(messages)]
    to_chat = getattr(messages, "to_chat_message", None)
    if to_chat is not None:
        return [to_chat()]
    if isinstance(messages, Iterable):
        return [one for message in messages for one in as_chat_messages(message)]
    raise TypeError(
        f"messages must be a str, dicts with role and content, or Msg objects, not {type(messages).__name__}"
    )
