"""Thought signatures: what Gemini expects back together with the parts of an answer of its own."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

Part = dict[str, Any]

STAND_IN = "skip_thought_signature_validator"
"""What the API accepts as the signature of a call that another model made, or whose signature is lost."""

MOST = 1000


class Signatures:
    """The signatures of the last thousand signed calls, for messages without `provider_state`.

    An id may be used again in another turn. The calls are then told apart by name and arguments; of two equal
    calls with different signatures, neither is returned. Safe to use from any thread.
    """

    def __init__(self) -> None:
        self._known: dict[str, list[tuple[str, Any, str]]] = {}
        self._count = 0
        self._lock = threading.Lock()

    def keep(self, call_id: str, name: str, arguments: Any, signature: str) -> None:
        """Remember the signature of a call."""
        with self._lock:
            self._known.setdefault(call_id, []).append((name, arguments, signature))
            self._count += 1
            while self._count > MOST:
                oldest = next(iter(self._known))
                self._count -= len(self._known.pop(oldest))

    def of(self, call_id: str | None, name: str, arguments: Any) -> str | None:
        """The signature of a call, if it is known."""
        calls = list(self._known.get(call_id or "", ()))
        found = {signature for _, _, signature in calls}
        if len(found) > 1:
            found = {signature for *call, signature in calls if call == [name, arguments]}
        return found.pop() if len(found) == 1 else None


def state_items(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The signed parts that are noted in the `provider_state` of a message.

    Each is a call (`call` is its id), a piece of the text (`text` has its start and end), or a `thought`;
    `at` is the length of the text before it.
    """
    state = message.get("provider_state")
    items = state.get("items") if isinstance(state, Mapping) else None
    found = items if isinstance(items, list) else []
    return [item for item in found if isinstance(item, Mapping) and item.get("thoughtSignature")]


def signed_turn(
    content: Sequence[Part], calls: Sequence[Part], items: Sequence[Mapping[str, Any]]
) -> list[Part]:
    """The parts of a turn as the model sent them: in their order, and with their signatures."""
    turn = _Turn(content, calls, {item["call"] for item in items if "call" in item})
    for item in items:
        turn.add(item)
    return turn.finished()


class _Turn:
    def __init__(self, content: Sequence[Part], calls: Sequence[Part], signed: set[Any]) -> None:
        # Other content than text was changed by the caller: it goes first, as it is.
        is_text = all(part.keys() == {"text"} for part in content)
        self._text = "".join(str(part["text"]) for part in content) if is_text else ""
        self._parts: list[Part] = [] if is_text else list(content)
        self._at = 0
        self._calls = list(calls)
        self._signed = signed

    def add(self, item: Mapping[str, Any]) -> None:
        """Add a signed part, and the text and the calls before it."""
        signature = {"thoughtSignature": item["thoughtSignature"]}
        if "call" in item:
            self._add_call(item, signature)
        elif "thought" in item:
            self._add_text(item.get("at", 0))
            self._parts.append({"text": item["thought"], "thought": True, **signature})
        elif "text" in item:
            start, end = item["text"]
            self._add_text(start)
            if self._at == start and end <= len(self._text):
                self._parts.append({"text": self._text[start:end], **signature})
                self._at = end

    def finished(self) -> list[Part]:
        """The parts, with all that no signed part follows. The API requires a signature of the first call."""
        self._add_text(len(self._text))
        parts = [*self._parts, *self._calls]
        first = next((at for at, part in enumerate(parts) if "functionCall" in part), None)
        if first is not None and not any(
            "functionCall" in one and "thoughtSignature" in one for one in parts
        ):
            parts[first] = {**parts[first], "thoughtSignature": STAND_IN}
        return parts

    def _add_call(self, item: Mapping[str, Any], signature: Part) -> None:
        ids = [call["functionCall"].get("id") for call in self._calls]
        if item["call"] not in ids:
            return  # removed by the caller
        self._add_text(item.get("at", 0))
        at = ids.index(item["call"])
        end = next((n for n in range(at + 1, len(ids)) if ids[n] in self._signed), len(ids))
        self._parts += [*self._calls[:at], {**self._calls[at], **signature}, *self._calls[at + 1 : end]]
        del self._calls[:end]

    def _add_text(self, end: int) -> None:
        piece = self._text[self._at : end]
        if piece:
            self._parts.append({"text": piece})
            self._at += len(piece)
