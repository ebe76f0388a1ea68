"""Converts the messages that callers pass to a model to the dicts that providers accept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def as_chat_messages(messages: Any, *, names: bool = True) -> list[dict[str, Any]]:
    """Convert a str, a dict, a `Msg`, None, or nested iterables of them to dicts with role and content.

    With `names`, the `name` of a `Msg` is included where several names share its role: some providers reject
    the field, so it is sent only when it is needed.
    """
    items = list(_flatten(messages))
    sharing: dict[str, set[str]] = {}
    for one in items:
        if names and _is_msg(one):
            sharing.setdefault(one.role, set()).add(one.name)
    named = {role for role, speakers in sharing.items() if len(speakers) > 1}
    return [message for one in items for message in _chat_messages(one, named)]


def with_own_state(
    messages: Iterable[dict[str, Any]], wrapper: Any, arguments: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The messages with the `provider_state` that belongs to the provider of a call, and no other.

    Messages without state are returned as they are; those that lose theirs are copied.
    """
    return [
        message
        if "provider_state" not in message or _may_have(message["provider_state"], wrapper, arguments)
        else {key: value for key, value in message.items() if key != "provider_state"}
        for message in messages
    ]


def _may_have(state: Any, wrapper: Any, arguments: Mapping[str, Any]) -> bool:
    if not isinstance(state, Mapping) or not isinstance(state.get("items"), list):
        return False
    owner = (state.get("dialect"), state.get("base_url"))
    if owner == (None, None):  # reasoning from another source than an answer
        return bool(wrapper.accepts_reasoning())
    return owner == tuple(wrapper.state_owner_of(arguments))


def _flatten(messages: Any) -> Iterator[Any]:
    if messages is None:
        return
    if isinstance(messages, str | Mapping) or _is_msg(messages):
        yield messages
    elif isinstance(messages, Iterable):
        for message in messages:
            yield from _flatten(message)
    else:
        raise TypeError(
            "messages must be a str, dicts with role and content, or Msg objects, "
            f"not {type(messages).__name__}"
        )


def _is_msg(message: Any) -> bool:
    # Duck typing: a program that calls a model with dicts need not import the agents.
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
