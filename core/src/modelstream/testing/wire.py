"""How a provider writes its answers: the part of the conformance kit that a provider's author supplies."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from modelstream.deltas import Finish, ToolCallDelta, Usage
    from modelstream.testing._kit.script import Script

Document = Any
"""One frame: a dict or list goes out as JSON, a str as it is, framed; bytes go out as they are."""


class Wire(ABC):
    r"""A provider's encoder: what the answers of a script look like in that provider's format.

        class MyWire(SseWire):
            path = "/v1"
            finishes = {"stop": "stop", "length": "max_tokens"}
            counts = ("output_tokens",)

            def text(self, text):
                return {"delta": text}

            def end(self, finish, usage):
                return [{"done": finish.raw, "tokens": usage.output_tokens if usage else None}]

            def whole(self, script):
                return {"text": script.text, **self.end(script.finish, script.usage)[0]}

            def refusal(self, status, code, message):
                return {"error": {"code": code, "message": message}}

    Take `SseWire`, `NdjsonWire` or `JsonArrayWire` as the base: they frame what the methods return
    (see `Document`). Override `reasoning`, `tool_call`, `usage` and `error` where the provider has them: one
    that is not overridden says that the format cannot carry such a thing, and the kit does without.

    * `path` is put behind the server's address to make the config's `base_url`.
    * `finishes` has the provider's word for each of our finish reasons that it can send. A script with tool
      calls always finishes with `tool_calls`; the other reasons go with scripts without.
    * `tool_pieces`: whether a call's arguments may come in several pieces; if not, every call is said whole.
    * `tool_ids`: whether the provider sends ids of calls.
    * `counts`: which counts of `Usage` the provider sends.
    * `whole_reasoning`: whether an answer that is not streamed tells the reasoning.
    * `halves`: whether text may be split inside a character, as JSON can with `\ud83d` and `\ude00`.

    A wire has no state: methods are called in any order and any number of times.
    """

    content_type: ClassVar[str]
    path: ClassVar[str] = ""
    finishes: ClassVar[Mapping[str, str]] = {"stop": "stop"}
    tool_pieces: ClassVar[bool] = False
    tool_ids: ClassVar[bool] = True
    counts: ClassVar[tuple[str, ...]] = ("input_tokens", "output_tokens")
    whole_reasoning: ClassVar[bool] = True
    halves: ClassVar[bool] = True
    tail: ClassVar[bytes] = b""
    """What a whole body still needs behind its last frame."""

    ascii = False
    """Whether JSON is written with all other characters escaped. The kit tries both."""

    # What a provider's author writes

    @abstractmethod
    def text(self, text: str) -> Document:
        """The frame that says a piece of the text."""

    def reasoning(self, text: str) -> Document:
        """The frame that says a piece of the model's thinking."""
        raise NotImplementedError

    def tool_call(self, call: ToolCallDelta) -> Document:
        """The frame that says a piece of a tool call, or a whole one.

        The first piece of a call has its `id` and `name`, further ones have None there. `arguments` is the
        text of a JSON object, or a piece of it.
        """
        raise NotImplementedError

    def usage(self, usage: Usage) -> Document:
        """The frame that tells the counts so far, in the middle of an answer."""
        raise NotImplementedError

    @abstractmethod
    def end(self, finish: Finish, usage: Usage | None) -> list[Document]:
        """The frames that stand at the end of every complete answer.

        The first of them holds the end marker, with `finish.raw` for a reason. One of them tells `usage`, if
        there is any.
        """

    @abstractmethod
    def whole(self, script: Script) -> Document:
        """The body of an answer that is not streamed, with all that the script says."""

    @abstractmethod
    def refusal(self, status: int, code: str, message: str) -> Document:
        """The body of an HTTP error."""

    def error(self, status: int, code: str, message: str) -> Document:
        """The frame that tells of an error in the middle of an answer."""
        raise NotImplementedError

    def start(self) -> list[Document]:
        """The frames before the first delta, which say nothing yet."""
        return []

    def noise(self) -> list[Document]:
        """Frames that say nothing and may come anywhere in the middle: empty ones, ones with nulls."""
        return []

    def false_ends(self) -> list[Document]:
        """Frames that go with the end marker but are none, such as OpenAI's `[DONE]`."""
        return []

    # What the bases supply

    @abstractmethod
    def frame(self, payload: bytes, position: int) -> bytes:
        """A frame with this payload, as the frame number `position` of its body, counted from 0."""

    def json(self, document: Any) -> bytes:
        """`document` as JSON, in UTF-8; halves of characters are escaped, for UTF-8 can't have them."""
        text = json.dumps(document, ensure_ascii=self.ascii, separators=(",", ":"))
        return _HALVES.sub(lambda half: f"\\u{ord(half[0]):04x}", text).encode()

    def packed(self, document: Document, position: int) -> bytes:
        """A document as the bytes of a frame."""
        if isinstance(document, bytes):
            return document
        return self.frame(self.payload(document), position)

    def payload(self, document: Document) -> bytes:
        """A document as what stands inside a frame, or as a body of its own."""
        if isinstance(document, bytes):
            return document
        return document.encode() if isinstance(document, str) else self.json(document)

    def can(self, method: str) -> bool:
        """Whether the format has what `method` says: `reasoning`, `tool_call`, `usage` or `error`."""
        return getattr(type(self), method) is not getattr(Wire, method)


_HALVES = re.compile("[\ud800-\udfff]")


class SseWire(Wire):
    """Server-sent events: `data: …` and a blank line."""

    content_type = "text/event-stream"

    def frame(self, payload: bytes, position: int) -> bytes:
        """One event."""
        return b"data: %b\n\n" % payload


class NdjsonWire(Wire):
    """One JSON document a line."""

    content_type = "application/x-ndjson"

    def frame(self, payload: bytes, position: int) -> bytes:
        """One line."""
        return b"%b\n" % payload


class JsonArrayWire(Wire):
    """One JSON array, written element by element."""

    content_type = "application/json"
    tail = b"]"

    def frame(self, payload: bytes, position: int) -> bytes:
        """One element, with what stands before it."""
        return (b",\r\n%b" if position else b"[%b") % payload
