"""From a provider's bytes to deltas: what wrappers of HTTP providers stand on.

    bytes ──framer──▶ frames ──FrameReader──▶ deltas

A plugin supplies how to open a byte stream, the struct of its frames, and a `FrameReader` that maps frames to
deltas and knows the end marker; `WireWrapper` does the rest, sync and async.
"""

from modelstream.call.error_mapping import as_stream_error as as_stream_error
from modelstream.call.error_mapping import http_error as http_error
from modelstream.wire.decoding import json_decoder as json_decoder
from modelstream.wire.framing import Framer as Framer
from modelstream.wire.framing import JsonArrayFramer as JsonArrayFramer
from modelstream.wire.framing import NdjsonFramer as NdjsonFramer
from modelstream.wire.sse import ErrorData as ErrorData
from modelstream.wire.sse import SseEvent as SseEvent
from modelstream.wire.sse import SseEventFramer as SseEventFramer
from modelstream.wire.sse import SseFramer as SseFramer
from modelstream.wire.streams import AsyncByteStream as AsyncByteStream
from modelstream.wire.streams import ByteStream as ByteStream
from modelstream.wire.streams import refusal_of as refusal_of
from modelstream.wire.wrapper import FrameReader as FrameReader
from modelstream.wire.wrapper import WireWrapper as WireWrapper
