"""From a provider's bytes to deltas and back: the base of wrappers of HTTP providers, and of servers.

    bytes ──framer──▶ frames ──FrameReader──▶ deltas ──AnswerWriter──▶ documents ──framing──▶ bytes

A `Dialect` is one provider's wire, both ways. `WireWrapper` reads an answer with its framer and reader, sync
and async; `HttpChat`, on top of it, sends the request by its dialect and an `HttpConfig`. Plugins import what
they need from here, not from the modules of this package. Each name is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

_WHERE = {
    "AnswerParts": "modelstream.wire.writing",
    "AnswerReader": "modelstream.wire.answers",
    "AnswerWriter": "modelstream.wire.writing",
    "AsyncByteStream": "modelstream.wire.streams",
    "AsyncHttpxStream": "modelstream.wire.httpx_streams",
    "AsyncNativeStream": "modelstream.wire.native.loops",
    "ByteStream": "modelstream.wire.streams",
    "CallOptions": "modelstream.wire.http_config",
    "ChatRequest": "modelstream.wire.dialect",
    "Choice": "modelstream.wire.openai.shape",
    "Clients": "modelstream.wire.clients",
    "Dialect": "modelstream.wire.dialect",
    "Document": "modelstream.wire.writing",
    "EndMarker": "modelstream.wire.ending",
    "Ending": "modelstream.wire.ending",
    "ErrorData": "modelstream.wire.sse",
    "Event": "modelstream.wire.writing",
    "FINISHES": "modelstream.wire.openai.shape",
    "FrameReader": "modelstream.wire.wrapper",
    "FrameWriter": "modelstream.wire.writing",
    "Framer": "modelstream.wire.framing",
    "Framing": "modelstream.wire.framings",
    "Function": "modelstream.wire.openai.shape",
    "HttpChat": "modelstream.wire.http_chat",
    "HttpConfig": "modelstream.wire.http_config",
    "HttpRequest": "modelstream.wire.native.message",
    "HttpxStream": "modelstream.wire.httpx_streams",
    "HttpxTransport": "modelstream.wire.transports",
    "JSON_ARRAY": "modelstream.wire.framings",
    "JsonArrayFramer": "modelstream.wire.framing",
    "JsonArrayWire": "modelstream.wire.writing",
    "NDJSON": "modelstream.wire.framings",
    "NO_FINISHES": "modelstream.wire.openai.shape",
    "NativeStream": "modelstream.wire.native.threads",
    "NativeTransport": "modelstream.wire.transports",
    "NdjsonFramer": "modelstream.wire.framing",
    "NdjsonWire": "modelstream.wire.writing",
    "Deltas": "modelstream.wire.wrapper",
    "OnCancel": "modelstream.wire.transports",
    "OpenAIDialect": "modelstream.wire.openai.dialect",
    "OpenAIFrames": "modelstream.wire.openai.frames",
    "SSE": "modelstream.wire.framings",
    "SSE_EVENTS": "modelstream.wire.framings",
    "ChoiceMessage": "modelstream.wire.openai.shape",
    "Sample": "modelstream.wire.samples",
    "SseEvent": "modelstream.wire.sse",
    "SseEventFramer": "modelstream.wire.sse",
    "SseFramer": "modelstream.wire.sse",
    "SseWire": "modelstream.wire.writing",
    "ToolIndexes": "modelstream.wire.openai.tool_indexes",
    "Transport": "modelstream.wire.transports",
    "WholeAnswer": "modelstream.wire.writing",
    "Wire": "modelstream.wire.writing",
    "WireWrapper": "modelstream.wire.wrapper",
    "WrittenRequest": "modelstream.wire.dialect",
    "apost": "modelstream.wire.native",
    "as_json": "modelstream.wire.native.message",
    "as_stream_error": "modelstream.call.error_mapping",
    "bare_url": "modelstream.request",
    "certificates": "modelstream.wire.httpx_clients",
    "check_client_args": "modelstream.wire.native.settings",
    "check_no_retries": "modelstream.wire.native.settings",
    "connect_limit": "modelstream.wire.limits",
    "did_you_mean": "modelstream._suggest",
    "Rest": "modelstream.wire.framing",
    "error_in": "modelstream.call.error_bodies",
    "end_marker_of": "modelstream.wire.http_config",
    "excerpt": "modelstream.wire.decoding",
    "finish_of": "modelstream.wire.ending",
    "http_error": "modelstream.call.error_bodies",
    "httpx_limits": "modelstream.wire.httpx_clients",
    "httpx_timeout": "modelstream.wire.limits",
    "image_data_url": "modelstream.wire.images",
    "image_url": "modelstream.wire.images",
    "is_failure": "modelstream.wire.openai.shape",
    "is_lasting": "modelstream.wire.openai.shape",
    "joined": "modelstream.wire.samples",
    "json_decoder": "modelstream.wire.decoding",
    "load_samples": "modelstream.wire.samples",
    "mapping": "modelstream.wire.http_config",
    "merged": "modelstream.wire.native.message",
    "media_location": "modelstream.wire.images",
    "media_url": "modelstream.wire.images",
    "openai_messages": "modelstream.wire.openai.media",
    "post": "modelstream.wire.native",
    "refusal_of": "modelstream.wire.streams",
    "restore_state": "modelstream.wire.openai.states",
    "route_to": "modelstream.wire.native.route",
    "shown_url": "modelstream.wire.native.route",
    "sent_error": "modelstream.call.error_bodies",
    "timeout_seconds": "modelstream.wire.http_config",
    "check_endpoint": "modelstream.wire.setup",
    "check_headers": "modelstream.wire.setup",
    "check_proxy": "modelstream.wire.setup",
    "check_url": "modelstream.wire.setup",
    "proxy_arguments": "modelstream.wire.setup",
    "response_format": "modelstream.wire.response_formats",
    "setup_error": "modelstream.wire.setup",
    "setup_errors": "modelstream.wire.setup",
    "split_query": "modelstream.wire.setup",
    "tool_choice": "modelstream.wire.tool_choices",
    "unanswered": "modelstream.wire.failures",
    "uncap": "modelstream.wire.httpx_clients",
    "uncapped_clients": "modelstream.wire.httpx_clients",
    "unsendable": "modelstream.wire.native.message",
    "watchdog": "modelstream.call.timeouts",
    "with_query": "modelstream.wire.native.message",
}
"""Every public name and the module that defines it."""

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
    from modelstream._suggest import did_you_mean as did_you_mean
    from modelstream.call.error_bodies import error_in as error_in
    from modelstream.call.error_bodies import http_error as http_error
    from modelstream.call.error_bodies import sent_error as sent_error
    from modelstream.call.error_mapping import as_stream_error as as_stream_error
    from modelstream.call.timeouts import watchdog as watchdog
    from modelstream.request import bare_url as bare_url
    from modelstream.wire.answers import AnswerReader as AnswerReader
    from modelstream.wire.clients import Clients as Clients
    from modelstream.wire.decoding import excerpt as excerpt
    from modelstream.wire.decoding import json_decoder as json_decoder
    from modelstream.wire.dialect import ChatRequest as ChatRequest
    from modelstream.wire.dialect import Dialect as Dialect
    from modelstream.wire.dialect import WrittenRequest as WrittenRequest
    from modelstream.wire.ending import Ending as Ending
    from modelstream.wire.ending import EndMarker as EndMarker
    from modelstream.wire.ending import finish_of as finish_of
    from modelstream.wire.failures import unanswered as unanswered
    from modelstream.wire.framing import Framer as Framer
    from modelstream.wire.framing import JsonArrayFramer as JsonArrayFramer
    from modelstream.wire.framing import NdjsonFramer as NdjsonFramer
    from modelstream.wire.framing import Rest as Rest
    from modelstream.wire.framings import JSON_ARRAY as JSON_ARRAY
    from modelstream.wire.framings import NDJSON as NDJSON
    from modelstream.wire.framings import SSE as SSE
    from modelstream.wire.framings import SSE_EVENTS as SSE_EVENTS
    from modelstream.wire.framings import Framing as Framing
    from modelstream.wire.http_chat import HttpChat as HttpChat
    from modelstream.wire.http_config import CallOptions as CallOptions
    from modelstream.wire.http_config import HttpConfig as HttpConfig
    from modelstream.wire.http_config import end_marker_of as end_marker_of
    from modelstream.wire.http_config import mapping as mapping
    from modelstream.wire.http_config import timeout_seconds as timeout_seconds
    from modelstream.wire.httpx_clients import certificates as certificates
    from modelstream.wire.httpx_clients import httpx_limits as httpx_limits
    from modelstream.wire.httpx_clients import uncap as uncap
    from modelstream.wire.httpx_clients import uncapped_clients as uncapped_clients
    from modelstream.wire.httpx_streams import AsyncHttpxStream as AsyncHttpxStream
    from modelstream.wire.httpx_streams import HttpxStream as HttpxStream
    from modelstream.wire.images import image_data_url as image_data_url
    from modelstream.wire.images import image_url as image_url
    from modelstream.wire.images import media_location as media_location
    from modelstream.wire.images import media_url as media_url
    from modelstream.wire.limits import connect_limit as connect_limit
    from modelstream.wire.limits import httpx_timeout as httpx_timeout
    from modelstream.wire.native import apost as apost
    from modelstream.wire.native import post as post
    from modelstream.wire.native.loops import AsyncNativeStream as AsyncNativeStream
    from modelstream.wire.native.message import HttpRequest as HttpRequest
    from modelstream.wire.native.message import as_json as as_json
    from modelstream.wire.native.message import merged as merged
    from modelstream.wire.native.message import unsendable as unsendable
    from modelstream.wire.native.message import with_query as with_query
    from modelstream.wire.native.route import route_to as route_to
    from modelstream.wire.native.route import shown_url as shown_url
    from modelstream.wire.native.settings import check_client_args as check_client_args
    from modelstream.wire.native.settings import check_no_retries as check_no_retries
    from modelstream.wire.native.threads import NativeStream as NativeStream
    from modelstream.wire.openai.dialect import OpenAIDialect as OpenAIDialect
    from modelstream.wire.openai.frames import OpenAIFrames as OpenAIFrames
    from modelstream.wire.openai.media import openai_messages as openai_messages
    from modelstream.wire.openai.shape import FINISHES as FINISHES
    from modelstream.wire.openai.shape import NO_FINISHES as NO_FINISHES
    from modelstream.wire.openai.shape import Choice as Choice
    from modelstream.wire.openai.shape import ChoiceMessage as ChoiceMessage
    from modelstream.wire.openai.shape import Function as Function
    from modelstream.wire.openai.shape import is_failure as is_failure
    from modelstream.wire.openai.shape import is_lasting as is_lasting
    from modelstream.wire.openai.states import restore_state as restore_state
    from modelstream.wire.openai.tool_indexes import ToolIndexes as ToolIndexes
    from modelstream.wire.response_formats import response_format as response_format
    from modelstream.wire.samples import Sample as Sample
    from modelstream.wire.samples import joined as joined
    from modelstream.wire.samples import load_samples as load_samples
    from modelstream.wire.setup import check_endpoint as check_endpoint
    from modelstream.wire.setup import check_headers as check_headers
    from modelstream.wire.setup import check_proxy as check_proxy
    from modelstream.wire.setup import check_url as check_url
    from modelstream.wire.setup import proxy_arguments as proxy_arguments
    from modelstream.wire.setup import setup_error as setup_error
    from modelstream.wire.setup import setup_errors as setup_errors
    from modelstream.wire.setup import split_query as split_query
    from modelstream.wire.sse import ErrorData as ErrorData
    from modelstream.wire.sse import SseEvent as SseEvent
    from modelstream.wire.sse import SseEventFramer as SseEventFramer
    from modelstream.wire.sse import SseFramer as SseFramer
    from modelstream.wire.streams import AsyncByteStream as AsyncByteStream
    from modelstream.wire.streams import ByteStream as ByteStream
    from modelstream.wire.streams import refusal_of as refusal_of
    from modelstream.wire.tool_choices import tool_choice as tool_choice
    from modelstream.wire.transports import HttpxTransport as HttpxTransport
    from modelstream.wire.transports import NativeTransport as NativeTransport
    from modelstream.wire.transports import OnCancel as OnCancel
    from modelstream.wire.transports import Transport as Transport
    from modelstream.wire.wrapper import Deltas as Deltas
    from modelstream.wire.wrapper import FrameReader as FrameReader
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
