"""Read the fields of a message: text, reasoning, refusals and media."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelstream.deltas import ReasoningDelta, TextDelta

if TYPE_CHECKING:
    from modelstream.wire.openai.shape import ChoiceMessage
    from modelstream.wire.wrapper import Deltas

_THINKING = frozenset({"thinking", "reasoning", "reasoning_content", "reasoning_text", "thought"})
"""The types of content parts whose `text` is reasoning."""


def reasoning_of(message: ChoiceMessage) -> str:
    """The reasoning in the field that this server uses; some send it in several."""
    for text in (message.reasoning_content, message.reasoning, message.reasoning_text):
        if type(text) is str and text:
            return text
    details = message.reasoning_details
    if type(details) is dict:
        details = [details]
    if type(details) is not list:
        return ""
    texts = (part.get("text") or part.get("summary") for part in details if type(part) is dict)
    return "".join(text for text in texts if type(text) is str)


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
    thoughts = part.get("thinking")
    for thought in thoughts if type(thoughts) is list else [thoughts]:
        _append_reasoning(thought.get("text") if type(thought) is dict else thought, deltas)
    text = part.get("text")
    if kind in _THINKING:
        _append_reasoning(text if text != thoughts else None, deltas)
    elif type(text) is str and text:
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


def _append_reasoning(text: Any, deltas: Deltas) -> None:
    if type(text) is str and text:
        deltas.append(ReasoningDelta(text))


class TextSoFar:
    """The pieces of one text so far, to find what is new in a message with all of it."""

    __slots__ = ("_increments", "_whole", "add", "pieces")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.add = self.pieces.append
        # Whether all pieces so far are of whole messages, and whether those are increments.
        self._whole = False
        self._increments = False

    def rest_of(self, whole: str) -> str:
        """What `whole` has after the pieces so far."""
        if not self.pieces:
            self._whole = True
        if self._increments:
            rest = whole
        else:
            before = "".join(self.pieces)
            self.pieces[:] = [before]
            rest = whole[len(before) :] if whole.startswith(before) else ""
            if not rest and self._whole and whole and not before.startswith(whole):
                self._increments = True
                rest = whole
        if rest:
            self.add(rest)
        return rest
