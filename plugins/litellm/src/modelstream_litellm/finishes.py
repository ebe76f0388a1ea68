"""Whether the provider itself has ended its answer: LiteLLM ends every answer with a finish."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Finishes:
    """Looks beside a stream of LiteLLM's for the finish that the provider sent.

    LiteLLM remembers it as `received_finish_reason`, or `intermittent_finish_reason` where chunks may follow.
    For Gemini it remembers one from the first chunk on, sent or not: there the provider's own frames are
    looked at on their way to LiteLLM's parser.
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
        """Whether a finish has come from the provider by now; to be asked after every chunk."""
        if not self._watched and not self._seen:
            names = ("received_finish_reason", "intermittent_finish_reason")
            told = [getattr(self._answer, name, None) for name in names]
            # A stream without these is not LiteLLM's own, and makes nothing up.
            self._seen = any(told) or not hasattr(self._answer, names[0])
        return self._seen

    def _parsed(self, *frame: Any, **named: Any) -> Any:
        self._seen = self._seen or any(map(_ends, (*frame, *named.values())))
        return self._parse(*frame, **named)


def _ends(frame: Any) -> bool:
    """Whether a frame of Gemini's has its end marker."""
    if not isinstance(frame, Mapping):
        return False
    candidates = frame.get("candidates") or ()
    blocked = (frame.get("promptFeedback") or {}).get("blockReason")
    return bool(blocked) or any(candidate.get("finishReason") for candidate in candidates)
