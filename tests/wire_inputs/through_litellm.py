"""Answers that providers send to LiteLLM, in the wires of several, and what a caller of `litellm_chat` gets.

`model` is LiteLLM's name, `sends` the pieces of the body. `gets` is the finish reason of a complete answer,
or the class of the error. `raw` is the provider's finish word, `counts` are input and output tokens.
"""

from __future__ import annotations

import base64
import json
import struct
from typing import Any, NamedTuple

from modelstream.errors import (
    BadRequestError,
    ConnectionLostError,
    MalformedDataError,
    ProviderError,
    RateLimitError,
    StreamError,
    TruncatedStreamError,
)
from modelstream.testing.server import End, json_line, sse_event


class Input(NamedTuple):
    name: str
    model: str
    sends: tuple[bytes, ...]
    gets: str | type[StreamError]
    text: str = "Hello"
    raw: str | None = None
    counts: tuple[int | None, int | None] | None = None
    status: int | None = None
    retryable: bool = False
    end: End = End.VALID
    calls: tuple[tuple[str, str], ...] = ()
    words: str = ""


DONE = sse_event("[DONE]")
OPENAI = ("deepseek", "groq", "openrouter", "mistral", "xai", "together_ai", "hosted_vllm", "openai")
"""Providers whose wire is OpenAI's; LiteLLM reads all but the last with its own code."""


def chat(content: str | None = None, finish: str | None = None, **more: Any) -> bytes:
    delta = {} if content is None else {"content": content}
    choice = {"index": 0, "delta": {**delta, **more}, "finish_reason": finish}
    return sse_event({"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice]})


def chat_counts(prompt: int, completion: int) -> bytes:
    usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return sse_event({"id": "c", "object": "chat.completion.chunk", "choices": [], "usage": usage})


HALF_CALL = chat(
    tool_calls=[{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": '}}]
)


def of_openai(provider: str) -> list[Input]:
    model = f"{provider}/m"
    hello = (chat("Hel"), chat("lo"))
    return [
        Input("complete", model, (*hello, chat(None, "stop"), DONE), "stop", raw="stop"),
        Input(
            "complete with counts",
            model,
            (*hello, chat(None, "stop"), chat_counts(3, 2), DONE),
            "stop",
            raw="stop",
            counts=(3, 2),
        ),
        Input("length", model, (*hello, chat(None, "length"), DONE), "length", raw="length"),
        Input("only [DONE]", model, (*hello, DONE), TruncatedStreamError),
        Input("no end at all", model, hello, TruncatedStreamError),
        Input("cut within a frame", model, (*hello, b'data: {"choices": [{"del'), TruncatedStreamError),
        Input("a call that is cut", model, (HALF_CALL, DONE), TruncatedStreamError, ""),
        Input("the word error", model, (*hello, chat(None, "error"), DONE), ProviderError, retryable=True),
        Input("the word abort", model, (*hello, chat(None, "abort"), DONE), ProviderError, retryable=True),
        Input("stop at first only", model, (chat("", "stop"), *hello), TruncatedStreamError),
        Input(
            "text after the word",
            model,
            (chat("Hel", "stop"), chat("lo", "stop"), DONE),
            "stop",
            raw="stop",
        ),
        Input(
            "an error in mid-stream",
            model,
            (*hello, sse_event({"error": {"message": "slow down", "code": 429}})),
            RateLimitError,
            status=429,
            retryable=True,
            words="slow down",
        ),
        Input(
            "an error at once",
            model,
            (sse_event({"error": {"message": "slow down", "code": 429}}),),
            RateLimitError,
            "",
            status=429,
            retryable=True,
            words="slow down",
        ),
        Input(
            "connection lost", model, hello, ConnectionLostError, end=End.RESET, retryable=True, words="lost"
        ),
    ]


def gemini(*texts: str, finish: str | None = None, **more: Any) -> bytes:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": text} for text in texts]}}
    if finish is not None:
        candidate["finishReason"] = finish
    return sse_event({"candidates": [{**candidate, "index": 0}], **more})


GEMINI_COUNTS = {"usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}}
GEMINI_CALL = {"functionCall": {"name": "f", "args": {"x": 1}}}
OF_GEMINI = [
    Input(
        "complete",
        "gemini/m",
        (gemini("Hel"), gemini("lo", finish="STOP", **GEMINI_COUNTS)),
        "stop",
        raw="STOP",
        counts=(3, 2),
    ),
    Input("without counts", "gemini/m", (gemini("Hello", finish="STOP"),), "stop", raw="STOP"),
    Input("cut", "gemini/m", (gemini("Hel"), gemini("lo")), TruncatedStreamError),
    Input(
        "cut, with counts",
        "gemini/m",
        (gemini("Hello", **GEMINI_COUNTS),),
        TruncatedStreamError,
        counts=(3, 2),
    ),
    Input("max tokens", "gemini/m", (gemini("Hello", finish="MAX_TOKENS"),), "length", raw="MAX_TOKENS"),
    Input("safety", "gemini/m", (gemini("Hello"), gemini(finish="SAFETY")), "content_filter", raw="SAFETY"),
    Input(
        "malformed call",
        "gemini/m",
        (gemini("Hello"), gemini(finish="MALFORMED_FUNCTION_CALL")),
        ProviderError,
        retryable=True,
        words="MALFORMED_FUNCTION_CALL",
    ),
    Input(
        "malformed call at once",
        "gemini/m",
        (sse_event({"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}], **GEMINI_COUNTS}),),
        ProviderError,
        "",
        retryable=True,
        words="MALFORMED_FUNCTION_CALL",
    ),
    Input(
        "unexpected call",
        "gemini/m",
        (gemini("Hello"), gemini(finish="UNEXPECTED_TOOL_CALL")),
        ProviderError,
        retryable=True,
        words="UNEXPECTED_TOOL_CALL",
    ),
    Input("other", "gemini/m", (gemini("Hello"), gemini(finish="OTHER")), ProviderError, words="OTHER"),
    Input(
        "unspecified",
        "gemini/m",
        (gemini("Hello", finish="FINISH_REASON_UNSPECIFIED"),),
        TruncatedStreamError,
    ),
    Input(
        "stop in every frame",
        "gemini/m",
        (gemini(finish="STOP"), gemini("Hel", finish="STOP"), gemini("lo", finish="STOP")),
        "stop",
        raw="STOP",
    ),
    Input(
        "stop at first only",
        "gemini/m",
        (gemini(finish="STOP"), gemini("Hel"), gemini("lo")),
        TruncatedStreamError,
    ),
    Input(
        "a call",
        "gemini/m",
        (sse_event({"candidates": [{"content": {"parts": [GEMINI_CALL]}, "finishReason": "STOP"}]}),),
        "tool_calls",
        "",
        raw="STOP",
        calls=(("f", '{"x": 1}'),),
    ),
    Input(
        "an error in mid-stream",
        "gemini/m",
        (gemini("Hello"), sse_event({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}})),
        ProviderError,
        status=503,
        retryable=True,
        words="busy",
    ),
    Input(
        "connection lost",
        "gemini/m",
        (gemini("Hello"),),
        ConnectionLostError,
        end=End.RESET,
        retryable=True,
        words="lost",
    ),
    Input(
        "connection lost after the word",
        "gemini/m",
        (gemini("Hello"), gemini(finish="STOP")),
        "stop",
        raw="STOP",
        end=End.RESET,
    ),
    Input(
        "half a frame", "gemini/m", (gemini("Hello"), b'data: {"candidates": [{"con'), TruncatedStreamError
    ),
]


def claude(kind: str, **fields: Any) -> bytes:
    return b"event: %b\n%b" % (kind.encode(), sse_event({"type": kind, **fields}))


def claude_start(*, counts: bool = True) -> bytes:
    message: dict[str, Any] = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "m"}
    if counts:
        message["usage"] = {"input_tokens": 3, "output_tokens": 1}
    return claude("message_start", message={**message, "stop_reason": None})


CLAUDE_TEXT = (
    claude("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    claude("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hel"}),
    claude("content_block_delta", index=0, delta={"type": "text_delta", "text": "lo"}),
    claude("content_block_stop", index=0),
)
CLAUDE_HELLO = (claude_start(), *CLAUDE_TEXT)


def claude_end(word: str | None, *, counts: bool = True) -> tuple[bytes, bytes]:
    usage = {"usage": {"output_tokens": 2}} if counts else {}
    return claude("message_delta", delta={"stop_reason": word}, **usage), claude("message_stop")


def claude_error(kind: str, message: str) -> bytes:
    return claude("error", error={"type": kind, "message": message})


OF_ANTHROPIC = [
    Input(
        "complete",
        "anthropic/m",
        (*CLAUDE_HELLO, *claude_end("end_turn")),
        "stop",
        raw="end_turn",
        counts=(3, 2),
    ),
    Input(
        "without counts",
        "anthropic/m",
        (claude_start(counts=False), *CLAUDE_TEXT, *claude_end("end_turn", counts=False)),
        "stop",
        raw="end_turn",
    ),
    Input(
        "max tokens",
        "anthropic/m",
        (*CLAUDE_HELLO, *claude_end("max_tokens")),
        "length",
        raw="max_tokens",
        counts=(3, 2),
    ),
    Input(
        "refusal",
        "anthropic/m",
        (*CLAUDE_HELLO, *claude_end("refusal")),
        "refusal",
        raw="refusal",
        counts=(3, 2),
    ),
    Input("cut", "anthropic/m", CLAUDE_HELLO, TruncatedStreamError, counts=(3, 1)),
    Input(
        "an end without a word",
        "anthropic/m",
        (*CLAUDE_HELLO, *claude_end(None)),
        TruncatedStreamError,
        counts=(3, 2),
    ),
    Input(
        "no message_stop",
        "anthropic/m",
        (*CLAUDE_HELLO, claude_end("end_turn")[0]),
        "stop",
        raw="end_turn",
        counts=(3, 2),
    ),
    Input(
        "overloaded",
        "anthropic/m",
        (*CLAUDE_HELLO, claude_error("overloaded_error", "Overloaded")),
        ProviderError,
        status=529,
        retryable=True,
        words="Overloaded",
    ),
    Input(
        "overloaded at once",
        "anthropic/m",
        (claude_error("overloaded_error", "Overloaded"),),
        ProviderError,
        "",
        status=529,
        retryable=True,
        words="Overloaded",
    ),
    Input(
        "too many requests",
        "anthropic/m",
        (*CLAUDE_HELLO, claude_error("rate_limit_error", "slow down")),
        RateLimitError,
        status=429,
        retryable=True,
        words="slow down",
    ),
    Input(
        "a bad request",
        "anthropic/m",
        (claude_start(), claude_error("invalid_request_error", "too long")),
        BadRequestError,
        "",
        status=400,
        words="too long",
    ),
    Input(
        "connection lost",
        "anthropic/m",
        CLAUDE_HELLO,
        ConnectionLostError,
        end=End.RESET,
        retryable=True,
        words="lost",
    ),
    Input(
        "a frame that is not JSON",
        "anthropic/m",
        (*CLAUDE_HELLO, b"event: ping\ndata: {not json}\n\n", *claude_end("end_turn")),
        MalformedDataError,
    ),
]


def ollama(content: str = "", **more: Any) -> bytes:
    frame = {"model": "m", "created_at": "2026-01-01T00:00:00Z", "done": False}
    return json_line({**frame, "message": {"role": "assistant", "content": content}, **more})


OLLAMA_HELLO = (ollama("Hel"), ollama("lo"))
OF_OLLAMA = [
    Input(
        "complete",
        "ollama_chat/m",
        (*OLLAMA_HELLO, ollama(done=True, done_reason="stop", prompt_eval_count=3, eval_count=2)),
        "stop",
        raw="stop",
        counts=(3, 2),
    ),
    Input(
        "without counts",
        "ollama_chat/m",
        (*OLLAMA_HELLO, ollama(done=True, done_reason="stop")),
        "stop",
        raw="stop",
    ),
    Input(
        "a prompt from the cache",
        "ollama_chat/m",
        (*OLLAMA_HELLO, ollama(done=True, done_reason="stop", eval_count=2)),
        "stop",
        raw="stop",
        counts=(None, 2),
    ),
    Input("done without a reason", "ollama_chat/m", (*OLLAMA_HELLO, ollama(done=True)), "stop", raw="stop"),
    Input(
        "length",
        "ollama_chat/m",
        (*OLLAMA_HELLO, ollama(done=True, done_reason="length")),
        "length",
        raw="length",
    ),
    Input("cut", "ollama_chat/m", OLLAMA_HELLO, TruncatedStreamError),
    Input(
        "only loaded",
        "ollama_chat/m",
        (ollama(done=True, done_reason="load"),),
        ProviderError,
        "",
        words="load",
    ),
    Input(
        "an error in mid-stream",
        "ollama_chat/m",
        (*OLLAMA_HELLO, json_line({"error": "model runner has stopped"})),
        ProviderError,
        retryable=True,
        words="model runner has stopped",
    ),
    Input(
        "an error at once",
        "ollama_chat/m",
        (json_line({"error": "model runner has stopped"}),),
        ProviderError,
        "",
        retryable=True,
        words="model runner has stopped",
    ),
    Input("half a line", "ollama_chat/m", (*OLLAMA_HELLO, b'{"model": "m", "mess'), TruncatedStreamError),
    Input(
        "connection lost",
        "ollama_chat/m",
        OLLAMA_HELLO,
        ConnectionLostError,
        end=End.RESET,
        retryable=True,
        words="lost",
    ),
]


def cohere(kind: str, **delta: Any) -> bytes:
    # As LiteLLM reads it: lines of JSON, and the end in another place than the text.
    return json_line({"type": kind, "delta": delta, "event": kind, "data": {"delta": delta}})


COHERE_HELLO = tuple(
    cohere("content-delta", message={"content": {"type": "text", "text": text}}) for text in ("Hel", "lo")
)
COHERE_COUNTS = {"usage": {"tokens": {"input_tokens": 3, "output_tokens": 2}}}
OF_COHERE = [
    Input(
        "complete",
        "cohere_chat/m",
        (*COHERE_HELLO, cohere("message-end", finish_reason="COMPLETE", **COHERE_COUNTS)),
        "stop",
        raw="COMPLETE",
        counts=(3, 2),
    ),
    Input(
        "max tokens",
        "cohere_chat/m",
        (*COHERE_HELLO, cohere("message-end", finish_reason="MAX_TOKENS")),
        "length",
        raw="MAX_TOKENS",
    ),
    Input(
        "the word ERROR",
        "cohere_chat/m",
        (*COHERE_HELLO, cohere("message-end", finish_reason="ERROR")),
        ProviderError,
        retryable=True,
        words="ERROR",
    ),
    Input("cut", "cohere_chat/m", COHERE_HELLO, TruncatedStreamError),
]


def aws(kind: str, document: dict[str, Any], message_type: str = "event") -> bytes:
    def header(name: str, value: str) -> bytes:
        return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()

    headers = header(f":{message_type}-type", kind) + header(":content-type", "application/json")
    headers += header(":message-type", message_type)
    payload = json.dumps(document).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    prelude += struct.pack(">I", _crc(prelude))
    message = prelude + headers + payload
    return message + struct.pack(">I", _crc(message))


def _crc(data: bytes) -> int:
    import zlib

    return zlib.crc32(data)


CONVERSE_HELLO = tuple(
    aws("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}}) for text in ("Hel", "lo")
)
CONVERSE_COUNTS = aws("metadata", {"usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}})
CONVERSE = "bedrock/converse/anthropic.claude-3-sonnet-20240229-v1:0"
INVOKE = "bedrock/invoke/anthropic.claude-3-sonnet-20240229-v1:0"


def invoked(frame: bytes) -> bytes:
    """Anthropic's event in Amazon's frame."""
    data = frame.partition(b"data: ")[2].strip()
    return aws("chunk", {"bytes": base64.b64encode(data).decode()})


OF_BEDROCK = [
    Input(
        "complete",
        CONVERSE,
        (*CONVERSE_HELLO, aws("messageStop", {"stopReason": "end_turn"}), CONVERSE_COUNTS),
        "stop",
        raw="end_turn",
        counts=(3, 2),
    ),
    Input("cut", CONVERSE, CONVERSE_HELLO, TruncatedStreamError),
    Input(
        "guardrail",
        CONVERSE,
        (*CONVERSE_HELLO, aws("messageStop", {"stopReason": "guardrail_intervened"})),
        "content_filter",
        raw="guardrail_intervened",
    ),
    Input(
        "throttled",
        CONVERSE,
        (*CONVERSE_HELLO, aws("throttlingException", {"message": "slow down"}, "exception")),
        RateLimitError,
        status=429,
        retryable=True,
        words="slow down",
    ),
    Input(
        "invoked, complete",
        INVOKE,
        tuple(map(invoked, (*CLAUDE_HELLO, *claude_end("end_turn")))),
        "stop",
        raw="end_turn",
        counts=(3, 2),
    ),
    Input("invoked, cut", INVOKE, tuple(map(invoked, CLAUDE_HELLO)), TruncatedStreamError, counts=(3, 1)),
]

STREAMED = [
    *(one for provider in OPENAI for one in of_openai(provider)),
    *OF_GEMINI,
    *OF_ANTHROPIC,
    *OF_OLLAMA,
    *OF_COHERE,
    *OF_BEDROCK,
]


def whole_chat(finish: object, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], **more}


def whole(name: str, model: str, document: dict[str, Any], gets: Any, **more: Any) -> Input:
    return Input(name, model, (json.dumps(document).encode(),), gets, **more)


CHAT_COUNTS = {"usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}
ENDLESS = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}}],
}


def whole_of_openai(provider: str) -> list[Input]:
    model = f"{provider}/m"
    return [
        whole("complete", model, whole_chat("stop", **CHAT_COUNTS), "stop", raw="stop", counts=(3, 2)),
        whole("without counts", model, whole_chat("stop"), "stop", raw="stop"),
        whole("length", model, whole_chat("length"), "length", raw="length"),
        whole("a null as the word", model, whole_chat(None), TruncatedStreamError),
        whole("no word", model, ENDLESS, TruncatedStreamError),
        whole("the word error", model, whole_chat("error"), ProviderError, retryable=True),
        whole("the word abort", model, whole_chat("abort"), ProviderError, retryable=True),
        whole("counts alone", model, whole_chat(None, **CHAT_COUNTS), "stop", counts=(3, 2)),
    ]


def whole_gemini(finish: str | None, **more: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": "Hello"}]}, "index": 0}
    return {"candidates": [{**candidate, **({"finishReason": finish} if finish else {})}], **more}


def whole_claude(word: str | None, **more: Any) -> dict[str, Any]:
    content = [{"type": "text", "text": "Hello"}]
    message = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": content}
    return {**message, "stop_reason": word, **more}


def whole_ollama(**more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "Hello"}
    return {"model": "m", "created_at": "2026-01-01T00:00:00Z", "message": message, **more}


WHOLE = [
    *(one for provider in OPENAI for one in whole_of_openai(provider)),
    whole("complete", "gemini/m", whole_gemini("STOP", **GEMINI_COUNTS), "stop", raw="STOP", counts=(3, 2)),
    whole("no word, but counts", "gemini/m", whole_gemini(None, **GEMINI_COUNTS), "stop", counts=(3, 2)),
    whole(
        "malformed call",
        "gemini/m",
        whole_gemini("MALFORMED_FUNCTION_CALL", **GEMINI_COUNTS),
        ProviderError,
        retryable=True,
    ),
    whole(
        "malformed call, no counts",
        "gemini/m",
        whole_gemini("MALFORMED_FUNCTION_CALL"),
        ProviderError,
        text="",
        retryable=True,
    ),
    whole(
        "unexpected call",
        "gemini/m",
        whole_gemini("UNEXPECTED_TOOL_CALL", **GEMINI_COUNTS),
        ProviderError,
        retryable=True,
    ),
    whole(
        "complete",
        "anthropic/m",
        whole_claude("end_turn", usage={"input_tokens": 3, "output_tokens": 2}),
        "stop",
        raw="end_turn",
        counts=(3, 2),
    ),
    whole(
        "complete",
        "ollama_chat/m",
        whole_ollama(done=True, done_reason="stop", prompt_eval_count=3, eval_count=2),
        "stop",
        raw="stop",
        counts=(3, 2),
    ),
    whole("without counts", "ollama_chat/m", whole_ollama(done=True, done_reason="stop"), "stop", raw="stop"),
    whole("length", "ollama_chat/m", whole_ollama(done=True, done_reason="length"), "length", raw="length"),
    whole("not done", "ollama_chat/m", whole_ollama(done=False), TruncatedStreamError),
]
