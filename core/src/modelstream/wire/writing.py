"""Write deltas as a provider's frames: the writing half of a dialect."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import msgspec

from modelstream.deltas import (
    Finish,
    ReasoningDelta,
    StateDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
    UsageDelta,
)
from modelstream.wire.framings import JSON_ARRAY, NDJSON, SSE, Framing

if TYPE_CHECKING:
    from modelstream.deltas import Delta

Document = Any
"""The content of one frame: a dict or list is sent as JSON, a str unchanged. Bytes are sent without framing.
An `Event` is an SSE event with a name."""


class Event(msgspec.Struct, frozen=True):
    """A server-sent event with an `event` field; `data` is a dict, which is sent as JSON, or a str."""

    name: str
    data: dict[str, Any] | str


class AnswerParts(Protocol):
    """The argument of `Wire.whole`: a `WholeAnswer`, or a `Script` of the conformance kit."""

    @property
    def text(self) -> str:
        """The whole text."""

    @property
    def reasoning(self) -> str:
        """The whole reasoning."""

    @property
    def tool_calls(self) -> Sequence[ToolCall]:
        """The calls, each with all of its arguments."""

    @property
    def finish(self) -> Finish:
        """Why the answer ended; `raw` is the provider's word."""

    @property
    def usage(self) -> Usage | None:
        """The token counts of the call."""


class WholeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A complete answer that is not streamed."""

    text: str = ""
    reasoning: str = ""
    tool_calls: list[ToolCall] = []
    finish: Finish = Finish("stop")
    usage: Usage | None = None


class AnswerWriter(ABC):
    """Writes one answer as frames; each answer needs its own writer, which may keep state.

    The order of calls is `start`, any number of `write`, then `end` or `error`. The conformance kit also
    calls `write` after `end`, to test that readers ignore the rest.
    """

    def start(self) -> list[Document]:
        """The frames before the first delta."""
        return []

    @abstractmethod
    def write(self, delta: str | Delta) -> list[Document]:
        """The frames for a text, a `ReasoningDelta`, a piece of a tool call, or token counts."""

    @abstractmethod
    def end(self, finish: Finish, usage: Usage | None) -> list[Document]:
        """The frames at the end of a complete answer; if `finish.raw` is None, with the dialect's word."""

    @abstractmethod
    def error(self, status: int, code: str, message: str) -> list[Document]:
        """The frames for an error in the middle of the answer."""


class FrameWriter(AnswerWriter):
    """Writes one answer with the methods of a wire, which keep no state."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def start(self) -> list[Document]:
        """`Wire.start`."""
        return self._wire.start()

    def write(self, delta: str | Delta) -> list[Document]:
        """One frame, none for state. Raises `TypeError` for a `Finish`, which belongs to `end`."""
        if isinstance(delta, str):
            return [self._wire.text(delta)]
        if isinstance(delta, TextDelta):
            return [self._wire.text(delta.text)]
        if isinstance(delta, ReasoningDelta):
            return [self._wire.reasoning(delta.text)]
        if isinstance(delta, ToolCallDelta):
            return [self._wire.tool_call(delta)]
        if isinstance(delta, UsageDelta):
            return [self._wire.usage(delta)]
        if isinstance(delta, StateDelta):
            return []
        raise TypeError(f"{delta!r} can't be written in the middle of an answer")

    def end(self, finish: Finish, usage: Usage | None) -> list[Document]:
        """`Wire.end`."""
        return self._wire.end(self._wire.worded(finish), usage)

    def error(self, status: int, code: str, message: str) -> list[Document]:
        """`Wire.error`."""
        return [self._wire.error(status, code, message)]


class Wire(ABC):
    r"""Encodes answers in a provider's format.

        class MyWire(SseWire):
            path = "/v1"
            finishes = {"stop": "stop", "length": "max_tokens"}
            counts = ("output_tokens",)

            def text(self, text):
                return {"delta": text}

            def end(self, finish, usage):
                return [{"done": finish.raw, "tokens": usage.output_tokens if usage else None}]

            def whole(self, answer):
                return {"text": answer.text, **self.end(answer.finish, answer.usage)[0]}

            def refusal(self, status, code, message):
                return {"error": {"code": code, "message": message}}

    `framing` puts what the methods return into a body (see `Document`): subclass `SseWire`, `NdjsonWire` or
    `JsonArrayWire`, or set it. Override `reasoning`, `tool_call`, `usage` and `error` where the format
    supports them. The conformance kit does not send what is not overridden.

    * `path` is appended to the server's URL to form the config's `base_url`.
    * `finishes` has the provider's word for each of our finish reasons that it can send. A script with tool
      calls always finishes with `tool_calls`; one without uses the other reasons.
    * `tool_pieces`: whether a call's arguments may come in several pieces; if not, each call is sent whole.
    * `tool_ids`: whether the provider sends ids of calls.
    * `counts`: the fields of `Usage` that the provider sends.
    * `whole_reasoning`: whether an answer that is not streamed has the reasoning.
    * `halves`: whether text may be split inside a surrogate pair, as JSON can with `\ud83d` and `\ude00`.
    * `end_marker`: the index of the frame of `end` with the end marker; -1 is the last one.
    * `has_terminal`: whether the last frame of `end` is a terminal frame, after which nothing is read, such
      as `[DONE]`; False for a wire without one. While it is None, the kit does not test early finish reasons.
    * `carries`: for a wire that overrides `writer` instead of these methods, those of `reasoning`,
      `tool_call`, `usage` and `error` that its writer supports.

    The methods keep no state: they are called in any order and any number of times. A format whose frames
    depend on earlier ones (numbered blocks, the whole answer repeated at the end) overrides `writer`.
    """

    framing: ClassVar[Framing] = SSE
    path: ClassVar[str] = ""
    finishes: ClassVar[Mapping[str, str]] = {"stop": "stop"}
    tool_pieces: ClassVar[bool] = False
    tool_ids: ClassVar[bool] = True
    counts: ClassVar[tuple[str, ...]] = ("input_tokens", "output_tokens")
    whole_reasoning: ClassVar[bool] = True
    halves: ClassVar[bool] = True
    end_marker: ClassVar[int] = 0
    has_terminal: ClassVar[bool | None] = None
    carries: ClassVar[frozenset[str]] = frozenset()

    ascii = False
    """Whether JSON is written with non-ASCII characters escaped. The kit tries both."""

    # What the author of a plugin writes

    def writer(self) -> AnswerWriter:
        """A new writer for one answer."""
        return FrameWriter(self)

    def text(self, text: str) -> Document:
        """The frame for a piece of the text."""
        raise NotImplementedError(f"{type(self).__name__} has neither text() nor its own writer()")

    def reasoning(self, text: str) -> Document:
        """The frame for a piece of the reasoning."""
        raise NotImplementedError

    def tool_call(self, call: ToolCallDelta) -> Document:
        """The frame for a piece of a tool call, or for a whole one.

        Calls are numbered 0, 1, 2 in the order in which they begin (`call.index`). The first piece of a call
        has its `id` and `name`; further ones have None. `arguments` is the text of a JSON object, or a piece
        of it.
        """
        raise NotImplementedError

    def usage(self, usage: Usage) -> Document:
        """The frame with the counts so far, before the end of the answer."""
        raise NotImplementedError

    def end(self, finish: Finish, usage: Usage | None) -> list[Document]:
        """The frames at the end of every complete answer.

        The one at the index `end_marker` has the end marker, with `finish.raw` as the reason. One of them has
        `usage`, if it is not None.
        """
        raise NotImplementedError(f"{type(self).__name__} has neither end() nor its own writer()")

    @abstractmethod
    def whole(self, answer: AnswerParts) -> Document:
        """The body of an answer that is not streamed, with all of its parts."""

    @abstractmethod
    def refusal(self, status: int, code: str, message: str) -> Document:
        """The body of an HTTP error."""

    def error(self, status: int, code: str, message: str) -> Document:
        """The frame for an error in the middle of an answer."""
        raise NotImplementedError

    def start(self) -> list[Document]:
        """The frames before the first delta, which have no content."""
        return []

    def noise(self) -> list[Document]:
        """Frames without content that may come anywhere before the end, such as empty ones."""
        return []

    def false_ends(self) -> list[Document]:
        """Frames that accompany the end marker but are not end markers, such as OpenAI's `[DONE]`."""
        return []

    # What this class supplies

    @property
    def content_type(self) -> str:
        """The media type of a streamed body."""
        return self.framing.content_type

    @property
    def tail(self) -> bytes:
        """What a complete body has after its last frame."""
        return self.framing.tail

    def worded(self, finish: Finish) -> Finish:
        """`finish` with the provider's word for it, or the nearest one if the format has none."""
        if finish.raw is not None:
            return finish
        near = self.finishes.get("content_filter" if finish.reason == "refusal" else "stop", "stop")
        return Finish(finish.reason, self.finishes.get(finish.reason, near))

    def frame(self, payload: bytes, position: int, event: str | None = None) -> bytes:
        """A frame with this payload, as the frame number `position` of its body, counted from 0."""
        return self.framing.frame(payload, position, event)

    def json(self, document: Any) -> bytes:
        """`document` as JSON in UTF-8; lone surrogates are escaped, because UTF-8 can't encode them."""
        text = json.dumps(document, ensure_ascii=self.ascii, separators=(",", ":"))
        return _HALVES.sub(lambda half: f"\\u{ord(half[0]):04x}", text).encode()

    def packed(self, document: Document, position: int) -> bytes:
        """A document as the bytes of a frame."""
        if isinstance(document, bytes):
            return document
        if isinstance(document, Event):
            return self.frame(self.payload(document.data), position, document.name)
        return self.frame(self.payload(document), position)

    def payload(self, document: Document) -> bytes:
        """A document as the payload of a frame, or as a whole body."""
        if isinstance(document, bytes):
            return document
        return document.encode() if isinstance(document, str) else self.json(document)

    def can(self, method: str) -> bool:
        """Whether the format supports `method`: `reasoning`, `tool_call`, `usage` or `error`."""
        return method in self.carries or getattr(type(self), method) is not getattr(Wire, method)


_HALVES = re.compile("[\ud800-\udfff]")


class SseWire(Wire):
    """Server-sent events: `data: …` and a blank line."""

    framing = SSE


class NdjsonWire(Wire):
    """One JSON document per line."""

    framing = NDJSON


class JsonArrayWire(Wire):
    """One JSON array, written element by element."""

    framing = JSON_ARRAY
