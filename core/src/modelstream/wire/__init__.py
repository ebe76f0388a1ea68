"""From a provider's bytes to deltas and back: what wrappers of HTTP providers, and servers, stand on.

    bytes ──framer──▶ frames ──FrameReader──▶ deltas ──AnswerWriter──▶ documents ──framing──▶ bytes

A `Dialect` is one provider's wire, both ways. `WireWrapper` reads an answer with its framer and reader, sync
and async. Plugins import what they need from here, and from no module of this package; nothing is imported
before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

_WHERE = {
    "AnswerParts": "modelstream.wire.writing",
    "AnswerWriter": "modelstream.wire.writing",
    "AsyncByteStream": "modelstream.wire.streams",
    "ByteStream": "modelstream.wire.streams",
    "ChatRequest": "modelstream.wire.dialect",
    "Choice": "modelstream.wire.openai.shape",
    "Dialect": "modelstream.wire.dialect",
    "Document": "modelstream.wire.writing",
    "ErrorData": "modelstream.wire.sse",
    "Event": "modelstream.wire.writing",
    "FINISHES": "modelstream.wire.openai.shape",
    "FrameReader": "modelstream.wire.wrapper",
    "FrameWriter": "modelstream.wire.writing",
    "Framer": "modelstream.wire.framing",
    "Framing": "modelstream.wire.framings",
    "Function": "modelstream.wire.openai.shape",
    "JSON_ARRAY": "modelstream.wire.framings",
    "JsonArrayFramer": "modelstream.wire.framing",
    "JsonArrayWire": "modelstream.wire.writing",
    "NDJSON": "modelstream.wire.framings",
    "NO_FINISHES": "modelstream.wire.openai.shape",
    "NdjsonFramer": "modelstream.wire.framing",
    "NdjsonWire": "modelstream.wire.writing",
    "News": "modelstream.wire.wrapper",
    "OpenAIDialect": "modelstream.wire.openai.dialect",
    "OpenAIFrames": "modelstream.wire.openai.frames",
    "SSE": "modelstream.wire.framings",
    "SSE_EVENTS": "modelstream.wire.framings",
    "Said": "modelstream.wire.openai.shape",
    "Sample": "modelstream.wire.samples",
    "SseEvent": "modelstream.wire.sse",
    "SseEventFramer": "modelstream.wire.sse",
    "SseFramer": "modelstream.wire.sse",
    "SseWire": "modelstream.wire.writing",
    "ToolIndexes": "modelstream.wire.openai.tool_indexes",
    "WholeAnswer": "modelstream.wire.writing",
    "Wire": "modelstream.wire.writing",
    "WireWrapper": "modelstream.wire.wrapper",
    "WrittenRequest": "modelstream.wire.dialect",
    "as_stream_error": "modelstream.call.error_mapping",
    "excerpt": "modelstream.wire.decoding",
    "http_error": "modelstream.call.error_mapping",
    "joined": "modelstream.wire.samples",
    "json_decoder": "modelstream.wire.decoding",
    "load_samples": "modelstream.wire.samples",
    "refusal_of": "modelstream.wire.streams",
    "sent_error": "modelstream.call.error_mapping",
}
"""Every public name and the module that it lives in."""

__all__ = [*_WHERE]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    where = _WHERE.get(name)
    if where is None:
        raise AttributeError(f"module 'modelstream.wire' has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(where), name)
    return found


def __dir__() -> list[str]:
    return __all__


if TYPE_CHECKING:  # the same table for type checkers and editors
    from modelstream.call.error_mapping import as_stream_error as as_stream_error
    from modelstream.call.error_mapping import http_error as http_error
    from modelstream.call.error_mapping import sent_error as sent_error
    from modelstream.wire.decoding import excerpt as excerpt
    from modelstream.wire.decoding import json_decoder as json_decoder
    from modelstream.wire.dialect import ChatRequest as ChatRequest
    from modelstream.wire.dialect import Dialect as Dialect
    from modelstream.wire.dialect import WrittenRequest as WrittenRequest
    from modelstream.wire.framing import Framer as Framer
    from modelstream.wire.framing import JsonArrayFramer as JsonArrayFramer
    from modelstream.wire.framing import NdjsonFramer as NdjsonFramer
    from modelstream.wire.framings import JSON_ARRAY as JSON_ARRAY
    from modelstream.wire.framings import NDJSON as NDJSON
    from modelstream.wire.framings import SSE as SSE
    from modelstream.wire.framings import SSE_EVENTS as SSE_EVENTS
    from modelstream.wire.framings import Framing as Framing
    from modelstream.wire.openai.dialect import OpenAIDialect as OpenAIDialect
    from modelstream.wire.openai.frames import OpenAIFrames as OpenAIFrames
    from modelstream.wire.openai.shape import FINISHES as FINISHES
    from modelstream.wire.openai.shape import NO_FINISHES as NO_FINISHES
    from modelstream.wire.openai.shape import Choice as Choice
    from modelstream.wire.openai.shape import Function as Function
    from modelstream.wire.openai.shape import Said as Said
    from modelstream.wire.openai.tool_indexes import ToolIndexes as ToolIndexes
    from modelstream.wire.samples import Sample as Sample
    from modelstream.wire.samples import joined as joined
    from modelstream.wire.samples import load_samples as load_samples
    from modelstream.wire.sse import ErrorData as ErrorData
    from modelstream.wire.sse import SseEvent as SseEvent
    from modelstream.wire.sse import SseEventFramer as SseEventFramer
    from modelstream.wire.sse import SseFramer as SseFramer
    from modelstream.wire.streams import AsyncByteStream as AsyncByteStream
    from modelstream.wire.streams import ByteStream as ByteStream
    from modelstream.wire.streams import refusal_of as refusal_of
    from modelstream.wire.wrapper import FrameReader as FrameReader
    from modelstream.wire.wrapper import News as News
    from modelstream.wire.wrapper import WireWrapper as WireWrapper
    from modelstream.wire.writing import AnswerParts as AnswerParts
    from modelstream.wire.writing import AnswerWriter as AnswerWriter
    from modelstream.wire.writing import Document as Document
    from modelstream.wire.writing import Event as Event
    from modelstream.wire.writing import FrameWriter as FrameWriter
    from modelstream.wire.writing import JsonArrayWire as JsonArrayWire
    from modelstream.wire.writing import NdjsonWire as NdjsonWire
    from modelstream.wire.writing import SseWire as SseWire
    from modelstream.wire.writing import WholeAnswer as WholeAnswer
    from modelstream.wire.writing import Wire as Wire
