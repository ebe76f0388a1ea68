"""What callers may hand to a model as messages, as the dicts that providers take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def as_chat_messages(messages: Any, *, names: bool = True) -> list[dict[str, Any]]:
    """A str, a dict, a `Msg`, None, or nested iterables of them, as one list of dicts with role and content.

    With `names`, the `name` of a `Msg` goes along where its role alone does not tell who speaks: some
    providers refuse the field, so it is sent only when it says something.
    """
    given = list(_each(messages))
    sharing: dict[str, set[str]] = {}
    for one in given:
        if names and _is_msg(one):
            sharing.setdefault(one.role, set()).add(one.name)
    named = {role for role, speakers in sharing.items() if len(speakers) > 1}
    return [message for one in given for message in _chat_messages(one, named)]


def _each(messages: Any) -> Iterator[Any]:
    if messages is None:
        return
    if isinstance(messages, str | Mapping) or _is_msg(messages):
        yield messages
    elif isinstance(messages, Iterable):
        for message in messages:
            yield from _each(message)
    else:
        raise TypeError(
            "messages must be a str, dicts with role and content, or Msg objects, "
            f"not {type(messages).__name__}"
        )


def _is_msg(message: Any) -> bool:
    # Told by what it does: who calls a model with dicts need not load the agents.
    return hasattr(message, "to_chat_messages")


def _chat_messages(one: Any, named: set[str]) -> list[dict[str, Any]]:
    if isinstance(one, str):
        return [{"role": "user", "content": one}]
    if isinstance(one, Mapping):
        return [dict(one)]
    found: list[dict[str, Any]] = one.to_chat_messages()
    if one.role not in named:
        found = [{key: value for key, value in message.items() if key != "name"} for message in found]
    return found
