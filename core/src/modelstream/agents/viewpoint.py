"""A conversation of several agents, as one of them sees it."""

from __future__ import annotations

from collections.abc import Iterable

from modelstream.agents.msg import Msg

OTHERS = "others"


def as_seen_by(name: str, messages: Iterable[Msg]) -> list[Msg]:
    """The same conversation with everybody but `name` speaking as a user.

    Models answer users; somebody else's `assistant` message at the end they would go on writing instead.
    Where more than one other speaks, each text begins with its speaker's name: few providers pass names on.
    """
    messages = list(messages)
    speakers = {message.name for message in messages if _is_other(message, name)}
    seen: list[Msg] = []
    for message in messages:
        if not _is_other(message, name):
            seen.append(message)
        elif heard := _heard(message, named=len(speakers) > 1):
            seen.append(heard)
    return seen


def _is_other(message: Msg, name: str) -> bool:
    return message.role != "system" and message.name != name


def _heard(message: Msg, *, named: bool) -> Msg | None:
    """What others get of a message: all but its tool calls and their results, which are the speaker's own."""
    blocks = [block for block in message.get_content_blocks() if not block["type"].startswith("tool_")]
    if not blocks:
        return None
    if not named:
        return Msg(message.name, blocks, "user", id=message.id)
    return Msg(OTHERS, [{"type": "text", "text": f"{message.name}: "}, *blocks], "user", id=message.id)
