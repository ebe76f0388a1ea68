"""From a provider's bytes to deltas: what wrappers of HTTP providers stand on.

    bytes ──framer──▶ frames ──FrameReader──▶ deltas

`HttpChat` needs a dialect and a config class: it takes key, headers, timeout and transport from
`HttpConfig`.
`WireWrapper`, below it, needs to be told how a byte stream is opened. A plugin imports from here, and from no
module below. Nothing is imported before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

_WHERE = {
    "AnswerDialect": "wire.http_chat",
    "AsyncByteStream": "wire.streams",
    "AsyncHttpxStream": "wire.httpx_streams",
    "AsyncNativeStream": "wire.native.loops",
    "ByteStream": "wire.streams",
    "CallOptions": "wire.http_config",
    "ChatRequest": "wire.http_chat",
    "Choice": "wire.openai_shape",
    "Clients": "wire.clients",
    "ErrorData": "wire.sse",
    "FINISHES": "wire.openai_shape",
    "FrameReader": "wire.wrapper",
    "Framer": "wire.framing",
    "Function": "wire.openai_shape",
    "HttpChat": "wire.http_chat",
    "HttpConfig": "wire.http_config",
    "HttpRequest": "wire.native.message",
    "HttpxStream": "wire.httpx_streams",
    "HttpxTransport": "wire.transports",
    "JsonArrayFramer": "wire.framing",
    "NO_FINISHES": "wire.openai_shape",
    "NativeStream": "wire.native.threads",
    "NativeTransport": "wire.transports",
    "NdjsonFramer": "wire.framing",
    "OnCancel": "wire.transports",
    "OpenAIFrames": "wire.openai_shape",
    "Said": "wire.openai_shape",
    "SseEvent": "wire.sse",
    "SseEventFramer": "wire.sse",
    "SseFramer": "wire.sse",
    "ToolIndexes": "wire.tool_indexes",
    "Transport": "wire.transports",
    "WireWrapper": "wire.wrapper",
    "WrittenRequest": "wire.http_chat",
    "apost": "wire.native",
    "as_json": "wire.native.message",
    "as_stream_error": "call.error_mapping",
    "certificates": "wire.httpx_clients",
    "check_client_args": "wire.native.settings",
    "check_no_retries": "wire.native.settings",
    "connect_limit": "wire.limits",
    "excerpt": "wire.decoding",
    "http_error": "call.error_mapping",
    "httpx_clients": "wire.httpx_clients",
    "httpx_limits": "wire.httpx_clients",
    "httpx_timeout": "wire.limits",
    "json_decoder": "wire.decoding",
    "mapping": "wire.http_config",
    "merged": "wire.native.message",
    "post": "wire.native",
    "refusal_of": "wire.streams",
    "route_to": "wire.native.route",
    "sent_error": "call.error_mapping",
    "timeout_seconds": "wire.http_config",
    "tool_choice": "wire.tool_choices",
    "unanswered": "wire.failures",
    "uncap": "wire.httpx_clients",
    "with_query": "wire.native.message",
}
"""Every public name and the module that it lives in."""

__all__ = [*_WHERE]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    where = _WHERE.get(name)
    if where is None:
        raise AttributeError(f"module 'modelstream.wire' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"modelstream.{where}"), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


if TYPE_CHECKING:  # the same table for type checkers and editors
    from modelstream.call.error_mapping import as_stream_error as as_stream_error
    from modelstream.call.error_mapping import http_error as http_error
    from modelstream.call.error_mapping import sent_error as sent_error
    from modelstream.wire.clients import Clients as Clients
    from modelstream.wire.decoding import excerpt as excerpt
    from modelstream.wire.decoding import json_decoder as json_decoder
    from modelstream.wire.failures import unanswered as unanswered
    from modelstream.wire.framing import Framer as Framer
    from modelstream.wire.framing import JsonArrayFramer as JsonArrayFramer
    from modelstream.wire.framing import NdjsonFramer as NdjsonFramer
    from modelstream.wire.http_chat import AnswerDialect as AnswerDialect
    from modelstream.wire.http_chat import ChatRequest as ChatRequest
    from modelstream.wire.http_chat import HttpChat as HttpChat
    from modelstream.wire.http_chat import WrittenRequest as WrittenRequest
    from modelstream.wire.http_config import CallOptions as CallOptions
    from modelstream.wire.http_config import HttpConfig as HttpConfig
    from modelstream.wire.http_config import mapping as mapping
    from modelstream.wire.http_config import timeout_seconds as timeout_seconds
    from modelstream.wire.httpx_clients import certificates as certificates
    from modelstream.wire.httpx_clients import httpx_clients as httpx_clients
    from modelstream.wire.httpx_clients import httpx_limits as httpx_limits
    from modelstream.wire.httpx_clients import uncap as uncap
    from modelstream.wire.httpx_streams import AsyncHttpxStream as AsyncHttpxStream
    from modelstream.wire.httpx_streams import HttpxStream as HttpxStream
    from modelstream.wire.limits import connect_limit as connect_limit
    from modelstream.wire.limits import httpx_timeout as httpx_timeout
    from modelstream.wire.native import apost as apost
    from modelstream.wire.native import post as post
    from modelstream.wire.native.loops import AsyncNativeStream as AsyncNativeStream
    from modelstream.wire.native.message import HttpRequest as HttpRequest
    from modelstream.wire.native.message import as_json as as_json
    from modelstream.wire.native.message import merged as merged
    from modelstream.wire.native.message import with_query as with_query
    from modelstream.wire.native.route import route_to as route_to
    from modelstream.wire.native.settings import check_client_args as check_client_args
    from modelstream.wire.native.settings import check_no_retries as check_no_retries
    from modelstream.wire.native.threads import NativeStream as NativeStream
    from modelstream.wire.openai_shape import FINISHES as FINISHES
    from modelstream.wire.openai_shape import NO_FINISHES as NO_FINISHES
    from modelstream.wire.openai_shape import Choice as Choice
    from modelstream.wire.openai_shape import Function as Function
    from modelstream.wire.openai_shape import OpenAIFrames as OpenAIFrames
    from modelstream.wire.openai_shape import Said as Said
    from modelstream.wire.sse import ErrorData as ErrorData
    from modelstream.wire.sse import SseEvent as SseEvent
    from modelstream.wire.sse import SseEventFramer as SseEventFramer
    from modelstream.wire.sse import SseFramer as SseFramer
    from modelstream.wire.streams import AsyncByteStream as AsyncByteStream
    from modelstream.wire.streams import ByteStream as ByteStream
    from modelstream.wire.streams import refusal_of as refusal_of
    from modelstream.wire.tool_choices import tool_choice as tool_choice
    from modelstream.wire.tool_indexes import ToolIndexes as ToolIndexes
    from modelstream.wire.transports import HttpxTransport as HttpxTransport
    from modelstream.wire.transports import NativeTransport as NativeTransport
    from modelstream.wire.transports import OnCancel as OnCancel
    from modelstream.wire.transports import Transport as Transport
    from modelstream.wire.wrapper import FrameReader as FrameReader
    from modelstream.wire.wrapper import WireWrapper as WireWrapper
