"""Thought signatures: what Gemini wants back with a function call that it made."""

from __future__ import annotations

import threading

STAND_IN = "skip_thought_signature_validator"
"""What the API takes for the signature of a call that it did not make, or whose signature is lost."""

MOST = 1000


class Signatures:
    """The signatures of the last thousand signed calls, by call id. Safe to use from any thread.

    A signature is a kilobyte or more that nobody can read, so it does not travel in the `ToolCall`: the
    wrapper that saw it keeps it for the next request of the same conversation.
    """

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._lock = threading.Lock()

    def keep(self, call_id: str, signature: str) -> None:
        """Remember the signature of a call."""
        with self._lock:
            self._known[call_id] = signature
            if len(self._known) > MOST:
                del self._known[next(iter(self._known))]

    def of(self, call_id: str | None) -> str | None:
        """The signature of a call, if it is known."""
        return self._known.get(call_id) if call_id else None
