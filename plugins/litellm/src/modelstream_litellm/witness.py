"""Reads along in a provider's bytes on their way to LiteLLM, to know how the answer really ended.

LiteLLM ends every answer with a finish and with token counts, whether the provider sent them or not.
"""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING, Any

import msgspec

from modelstream.deltas import UsageDelta
from modelstream.wire import Ending, excerpt
from modelstream_litellm.documents import facts_of, has_terminal
from modelstream_litellm.words import failure_of, finish_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modelstream.deltas import Delta, Finish
    from modelstream.errors import StreamError
    from modelstream.wire import EndMarker

AWS_EVENTS = "application/vnd.amazon.eventstream"
_NAMELESS = (b":", b"event:", b"id:", b"retry:")
_AWS_LEAST = 16
_AWS_STATUSES = {
    "throttlingException": 429,
    "validationException": 400,
    "modelTimeoutException": 408,
    "serviceUnavailableException": 503,
    "modelStreamErrorException": 424,
}


class Witness:
    """What the provider sent so far, besides text: fed with the body, piece by piece."""

    def __init__(
        self, content_type: str, marker: EndMarker | None = None, idle_timeout: float | None = None
    ) -> None:
        self._frames: Lines | AwsEvents = AwsEvents() if content_type.startswith(AWS_EVENTS) else Lines()
        self._marker = marker
        self._idle_timeout = idle_timeout
        self._ending: Ending | None = None
        self.counts: dict[str, int] = {}
        self.error: StreamError | None = None
        """The error that the provider sent."""
        self.lost: Exception | None = None
        """What the HTTP library raised while the body was read."""
        self.over = False
        """The rest of the body is not needed."""
        self.ended = False

    def feed(self, data: bytes) -> None:
        """Read the frames that `data` completes."""
        if not self.over:
            self._read(self._frames.feed(data))

    def end(self) -> None:
        """Note that the body has ended, or that its rest is not needed."""
        if self.ended:
            return
        self.ended = True
        if self.lost is None:
            self._read([] if self.over else self._frames.finish())
            self._end_body()

    def _end_body(self) -> None:
        if not self.over and self.ending.finish is None:
            self.ending.end_at_body()

    @property
    def ending(self) -> Ending:
        """The judge of the end."""
        return self._judge(terminal=True) if self._ending is None else self._ending

    @property
    def grace(self) -> float | None:
        """Seconds of silence after which the answer is complete; None as long as it is not."""
        if self._ending is None or self.over:
            return None
        held = self._ending.held
        return held.grace if held is not None and held.strong else None

    @property
    def finish(self) -> Finish | None:
        """The finish that the provider sent, once it has taken effect."""
        ending = self.ending
        if ending.finish is None and self.grace is not None and self.ended:
            return ending.word  # the connection was lost, or silent, after the provider's word
        return ending.finish

    @property
    def rest(self) -> str:
        """The provider's last words, if they were no part of an answer."""
        return self._frames.rest

    @property
    def is_malformed(self) -> bool:
        """Whether a whole frame was not JSON."""
        return self._frames.is_malformed

    def _judge(self, *, terminal: bool) -> Ending:
        ending = Ending(has_terminal=terminal, marker=self._marker, idle_timeout=self._idle_timeout)
        self._ending = ending
        return ending

    def _read(self, documents: Iterable[dict[str, Any] | None]) -> None:
        for document in documents:
            self._note(document)
            if self.over:
                return

    def _note(self, document: dict[str, Any] | None) -> None:
        if document is None:  # [DONE]
            self._close()
            return
        facts = facts_of(document)
        self.counts.update(facts.counts)
        failure = facts.error or (failure_of(facts.word) if facts.word else None)
        deltas: list[str | Delta] = ["x"] if facts.has_content else []
        if facts.counts:
            deltas.append(UsageDelta())
        if failure is None and facts.word:
            deltas.append(finish_from(facts.word))
        if self._ending is None:
            self._judge(terminal=has_terminal(document) and not isinstance(self._frames, AwsEvents))
        self.ending.add(deltas, 0)
        if failure is not None:
            self.error, self.over = failure, True
        elif facts.is_terminal:
            self._close()

    def _close(self) -> None:
        self.over = True
        self.ending.end_at_terminal()


class Lines:
    """Server-sent events or lines of JSON, cut into documents; None stands for `[DONE]`."""

    def __init__(self) -> None:
        self._pending = b""
        self.is_malformed = False
        self.rest = ""

    def feed(self, data: bytes) -> Iterator[dict[str, Any] | None]:
        """The documents that `data` completes."""
        if b"\n" not in data and b"\r" not in data:
            self._pending += data
            return
        lines = (self._pending + data).splitlines(keepends=True)
        self._pending = b"" if lines[-1].endswith((b"\n", b"\r")) else lines.pop()
        for line in lines:
            yield from self._document(line, whole=True)

    def finish(self) -> Iterator[dict[str, Any] | None]:
        """The document in the last line, if it is not half a one."""
        line, self._pending = self._pending, b""
        yield from self._document(line, whole=False)

    def _document(self, line: bytes, *, whole: bool) -> Iterator[dict[str, Any] | None]:
        line = line.strip()
        if not line or line.startswith(_NAMELESS):
            return
        data = line.removeprefix(b"data:").strip()
        if data == b"[DONE]":
            yield None
            return
        try:
            document = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            if data[:1] not in (b"{", b"["):
                self.rest = excerpt(data)
            elif whole:
                self.is_malformed = True
            return
        for item in document if isinstance(document, list) else [document]:
            if isinstance(item, dict):
                yield item


class AwsEvents:
    """The events of Amazon's binary framing, cut into documents."""

    rest = ""
    is_malformed = False

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> Iterator[dict[str, Any] | None]:
        """The documents that `data` completes."""
        self._pending += data
        # Each message: its length, the length of its headers, a checksum, headers, payload, a checksum.
        while len(self._pending) >= _AWS_LEAST:
            length, headers = struct.unpack(">II", self._pending[:8])
            if length < _AWS_LEAST or len(self._pending) < length:
                return
            message, self._pending = self._pending[:length], self._pending[length:]
            yield from _payload(message[12 : 12 + headers], message[12 + headers : -4])

    def finish(self) -> Iterator[dict[str, Any] | None]:
        """Nothing: the rest is half a message."""
        return iter(())


def _payload(headers: bytes, payload: bytes) -> Iterator[dict[str, Any]]:
    try:
        document = msgspec.json.decode(payload)
        if isinstance(document, dict) and isinstance(document.get("bytes"), str):
            document = msgspec.json.decode(base64.b64decode(document["bytes"]))
    except ValueError:
        return
    if not isinstance(document, dict):
        return
    kind = next((name for name in _AWS_STATUSES if name.encode() in headers), None)
    if b":exception-type" in headers or kind is not None:
        message = document.get("message") or document.get("Message")
        yield {"error": {"message": message, "type": kind, "status": _AWS_STATUSES.get(kind or "", 500)}}
    else:
        yield document
