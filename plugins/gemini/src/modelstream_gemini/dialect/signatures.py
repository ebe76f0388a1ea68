"""Thought signatures: what Gemini expects back together with a function call of its own."""

from __future__ import annotations

import threading

STAND_IN = "skip_thought_signature_validator"
"""What the API accepts as the signature of a call that another model made, or whose signature is lost."""

MOST = 1000


class Signatures:
    """The signatures of the last thousand signed calls, by call id. Safe to use from any thread.

    A signature is a kilobyte or more of opaque data, so it is not part of the `ToolCall`: the wrapper that
    received it keeps it for the next request of the same conversation.
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
