"""Four wires: how a step of an answer is written in each, and the wrappers that read it.

A step is a dict with some of `text`, `finish`, `usage` (input and output tokens) and `error`, or one of the
marks below. What a wire cannot write is None.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

DONE = "[DONE]"
LOST = "connection lost"


class Wrapper(NamedTuple):
    model_type: str
    transport: str
    path: str
    model_name: str = "m"


class Wire(NamedTuple):
    name: str
    has_terminal: bool
    content_type: str
    encode: Callable[[Any], bytes | None]
    wrappers: tuple[Wrapper, ...]


def _event(document: Any) -> bytes:
    text = document if isinstance(document, str) else json.dumps(document)
    return f"data: {text}\n\n".encode()


def _openai(step: Any) -> bytes | None:
    if step == DONE:
        return _event(DONE)
    if "error" in step:
        return _event({"error": {"message": step["error"], "code": 500}})
    frame: dict[str, Any] = {"choices": []}
    if "text" in step or "finish" in step:
        delta = {"content": step["text"]} if "text" in step else {}
        frame["choices"] = [{"index": 0, "delta": delta, "finish_reason": step.get("finish")}]
    if "usage" in step:
        frame["usage"] = dict(zip(("prompt_tokens", "completion_tokens"), step["usage"], strict=True))
    return _event(frame)


_GEMINI_WORDS = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY", "tomorrow": "TOMORROW"}


def _gemini(step: Any) -> bytes | None:
    if step == DONE:
        return None
    if "error" in step:
        return _event({"error": {"message": step["error"], "code": 500}})
    candidate: dict[str, Any] = {"index": 0}
    if "text" in step:
        candidate["content"] = {"role": "model", "parts": [{"text": step["text"]}]}
    if "finish" in step:
        if step["finish"] not in _GEMINI_WORDS:
            return None
        candidate["finishReason"] = _GEMINI_WORDS[step["finish"]]
    frame: dict[str, Any] = {"candidates": [candidate]}
    if "usage" in step:
        names = ("promptTokenCount", "candidatesTokenCount")
        frame["usageMetadata"] = dict(zip(names, step["usage"], strict=True))
    return _event(frame)


def _dashscope(step: Any) -> bytes | None:
    if step == DONE:
        return None
    if "error" in step:
        data = json.dumps({"code": "InternalError", "message": step["error"], "request_id": "r"})
        return f"event:error\n:HTTP_STATUS/500\ndata:{data}\n\n".encode()
    message = {"role": "assistant", "content": step.get("text", "")}
    choice = {"message": message, "finish_reason": step.get("finish") or "null"}
    frame: dict[str, Any] = {"output": {"choices": [choice]}, "request_id": "r"}
    if "usage" in step:
        frame["usage"] = dict(zip(("input_tokens", "output_tokens"), step["usage"], strict=True))
    return f"event:result\n:HTTP_STATUS/200\ndata:{json.dumps(frame)}\n\n".encode()


def _ollama(step: Any) -> bytes | None:
    if step == DONE:
        return None
    if "error" in step:
        return json.dumps({"error": step["error"]}).encode() + b"\n"
    frame: dict[str, Any] = {"model": "m", "created_at": "2026-01-01T00:00:00Z"}
    frame["message"] = {"role": "assistant", "content": step.get("text", "")}
    frame["done"] = "finish" in step
    if "finish" in step:
        frame["done_reason"] = step["finish"]
    if "usage" in step:
        frame.update(zip(("prompt_eval_count", "eval_count"), step["usage"], strict=True))
    return json.dumps(frame).encode() + b"\n"


EVENTS = "text/event-stream"
OPENAI = Wire(
    "OpenAI",
    has_terminal=True,
    content_type=EVENTS,
    encode=_openai,
    wrappers=(
        Wrapper("openai_chat", "sdk", "/v1"),
        Wrapper("openai_chat", "native", "/v1"),
        Wrapper("zhipuai_chat", "sdk", "/api/paas/v4"),
        Wrapper("zhipuai_chat", "native", "/api/paas/v4"),
        Wrapper("litellm_chat", "sdk", "/v1", "openai/m"),
    ),
)
GEMINI = Wire(
    "Gemini",
    has_terminal=False,
    content_type=EVENTS,
    encode=_gemini,
    wrappers=(Wrapper("gemini_chat", "sdk", ""), Wrapper("gemini_chat", "native", "")),
)
DASHSCOPE = Wire(
    "DashScope",
    has_terminal=False,
    content_type=EVENTS,
    encode=_dashscope,
    wrappers=(Wrapper("dashscope_chat", "sdk", "/api/v1"), Wrapper("dashscope_chat", "native", "/api/v1")),
)
OLLAMA = Wire(
    "Ollama",
    has_terminal=True,
    content_type="application/x-ndjson",
    encode=_ollama,
    wrappers=(Wrapper("ollama_chat", "sdk", ""), Wrapper("ollama_chat", "native", "")),
)
WIRES = (OPENAI, GEMINI, DASHSCOPE, OLLAMA)
