"""Find out whether the provider ended its answer: LiteLLM adds a finish to every answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Finishes:
    """Finds the finish that the provider sent, in the attributes of a LiteLLM stream.

    LiteLLM keeps it as `received_finish_reason`, or `intermittent_finish_reason` if chunks may follow. For
    Gemini it sets one from the first chunk on, sent or not: there the provider's own frames are examined on
    their way to LiteLLM's parser.
    """

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self._seen = False
        provider: Any = getattr(answer, "completion_stream", None)
        self._watched = hasattr(provider, "chunk_parser") and ".gemini." in type(provider).__module__
        if self._watched:
            self._parse = provider.chunk_parser
            provider.chunk_parser = self._parsed

    def sent(self) -> bool:
        """Whether the provider has sent a finish so far; call it after every chunk."""
        if not self._watched and not self._seen:
            names = ("received_finish_reason", "intermittent_finish_reason")
            finishes = [getattr(self._answer, name, None) for name in names]
            # A stream without these is not LiteLLM's own, and adds no finish.
            self._seen = any(finishes) or not hasattr(self._answer, names[0])
        return self._seen

    def _parsed(self, *frame: Any, **named: Any) -> Any:
        self._seen = self._seen or any(map(_ends, (*frame, *named.values())))
        return self._parse(*frame, **named)


def _ends(frame: Any) -> bool:
    """Whether a frame from Gemini has the end marker."""
    if not isinstance(frame, Mapping):
        return False
    candidates = frame.get("candidates") or ()
    blocked = (frame.get("promptFeedback") or {}).get("blockReason")
    return bool(blocked) or any(candidate.get("finishReason") for candidate in candidates)
