"""Read the fields of a message: text, reasoning, refusals and media."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelstream.deltas import ReasoningDelta, TextDelta

if TYPE_CHECKING:
    from modelstream.wire.openai.shape import ChoiceMessage
    from modelstream.wire.wrapper import Deltas

_THINKING = frozenset({"think", "thinking", "reasoning", "reasoning_content", "reasoning_text", "thought"})
"""The types of content parts whose `text` is reasoning."""

_THOUGHTS = ("text", "thinking", "summary", "content", "reasoning", "reasoning_content")
"""The fields of a part of reasoning that may have its text."""

_DISTINCT = 3
"""Different characters by which a repeated beginning is recognized, as in `MiniMax`'s whole texts."""


def reasoning_of(message: ChoiceMessage, before: TextSoFar) -> str:
    """What is new in the reasoning, in the field that this server uses; some send it in several."""
    for text in (message.reasoning_content, message.reasoning, message.reasoning_text):
        if thought := _thought_of(text):
            return thought
    details = message.reasoning_details
    if type(details) in (dict, list) and (thought := _thought_of(details)):
        first = details[0] if type(details) is list else details
        form = first.get("format") if type(first) is dict else None
        return _new_thought(thought, str(form), before)
    return _thought_of(message.thinking_blocks)


def _thought_of(value: Any) -> str:
    """The text in a value for reasoning: a text, a part, or a list of these."""
    if type(value) is str:
        return value
    if type(value) is list:
        return "".join(_thought_of(one) for one in value)
    if type(value) is not dict:
        return ""
    return next((text for name in _THOUGHTS if (text := _thought_of(value.get(name)))), "")


def _new_thought(thought: str, form: str, so_far: TextSoFar) -> str:
    # MiniMax sends the whole text so far with every piece.
    if form.startswith("MiniMax"):
        before = so_far.joined()
        if len(set(before)) >= _DISTINCT and thought.startswith(before):
            return thought[len(before) :]
    return thought


def read_content(content: Any, deltas: Deltas) -> bool:
    """Append what `content` says, a text or parts; returns whether there is a refusal in it."""
    refused = False
    for part in content if type(content) is list else [content]:
        if type(part) is str:
            if part:
                deltas.append(part)
        elif type(part) is dict:
            refused = _read_part(part, deltas) or refused
        elif type(part) in (int, float):
            deltas.append(str(part))
    return refused


def _read_part(part: dict[str, Any], deltas: Deltas) -> bool:
    kind = part.get("type")
    before = len(deltas)
    text = part.get("text")
    if type(text) is dict:
        text = text.get("value")
    if (type(kind) is str and kind.lower() in _THINKING) or part.get("thought") is True:
        _append_reasoning(part, deltas)
    else:
        _append_reasoning(part.get("thinking"), deltas)
        if type(text) is str and text:
            deltas.append(text)
    refusal = part.get("refusal")
    if type(refusal) is str and refusal:
        deltas.append(refusal)
        return True
    if len(deltas) == before and type(kind) is str and kind.partition("_")[0] in _MEDIA:
        deltas.append(TextDelta(""))
    return False


_MEDIA = frozenset({"image", "audio", "video", "file", "input", "output"})
"""How the types of media parts begin: `image_url`, `audio`, `input_image`, …"""


def _append_reasoning(value: Any, deltas: Deltas) -> None:
    if thought := _thought_of(value):
        deltas.append(ReasoningDelta(thought))


class TextSoFar:
    """The pieces of one text so far, to find what is new in a message with all of it."""

    __slots__ = ("_increments", "_whole", "add", "pieces")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.add = self.pieces.append
        # Whether all pieces so far are of whole messages, and whether those are increments.
        self._whole = False
        self._increments = False

    def joined(self) -> str:
        """The text so far."""
        if len(self.pieces) > 1:
            self.pieces[:] = ["".join(self.pieces)]
        return self.pieces[0] if self.pieces else ""

    def rest_of(self, whole: str) -> str:
        """What `whole` has after the pieces so far."""
        if not self.pieces:
            self._whole = True
        if self._increments:
            rest = whole
        else:
            before = self.joined()
            rest = whole[len(before) :] if whole.startswith(before) else ""
            if not rest and self._whole and whole and not before.startswith(whole):
                self._increments = True
                rest = whole
        if rest:
            self.add(rest)
        return rest
