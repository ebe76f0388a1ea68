"""The conversation of several agents from the viewpoint of one of them."""

from __future__ import annotations

from collections.abc import Iterable

from modelstream.agents.msg import Msg

OTHERS = "others"


def as_seen_by(name: str, messages: Iterable[Msg]) -> list[Msg]:
    """The same conversation with all speakers but `name` in the role `user`.

    Models answer users; they would continue a final `assistant` message of another agent instead. With more
    than one other speaker, each text begins with its speaker's name: few providers pass names to the model.
    """
    messages = list(messages)
    speakers = {message.name for message in messages if _is_other(message, name)}
    seen: list[Msg] = []
    for message in messages:
        if not _is_other(message, name):
            seen.append(message)
        elif converted := _as_user_message(message, named=len(speakers) > 1):
            seen.append(converted)
    return seen


def _is_other(message: Msg, name: str) -> bool:
    return message.role != "system" and message.name != name


def _as_user_message(message: Msg, *, named: bool) -> Msg | None:
    """The message for other agents, without the speaker's thinking, tool calls and their results."""
    blocks = [
        block
        for block in message.get_content_blocks()
        if block["type"] != "thinking" and not block["type"].startswith("tool_")
    ]
    if not blocks:
        return None
    if not named:
        return Msg(message.name, blocks, "user", id=message.id)
    return Msg(OTHERS, [{"type": "text", "text": f"{message.name}: "}, *blocks], "user", id=message.id)
