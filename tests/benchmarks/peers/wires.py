"""The bytes of an answer, in the formats that the providers write: HTTP chunks, one frame in each."""

from __future__ import annotations

import json
from typing import Any

PLACE = "@" * 17
"""A placeholder in a frame, for a text of the same length."""


class Wire:
    """How a provider writes: `frame` for a piece of text, `end` for the bytes after the last one."""

    content_type = "text/event-stream"

    def head(self) -> bytes:
        """The status line and the headers."""
        lines = f"HTTP/1.1 200 OK\r\nContent-Type: {self.content_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
        return lines.encode()

    def frame(self, text: str) -> bytes:
        """The HTTP chunk that says `text`."""
        return http_chunk(self.framed(self.document(text)))

    def end(self) -> bytes:
        """The HTTP chunks that end an answer."""
        return http_chunk(self.framed(self.document("", finish="stop"))) + b"0\r\n\r\n"

    def framed(self, document: Any) -> bytes:
        """An event."""
        return b"data: " + json.dumps(document, separators=(",", ":")).encode() + b"\n\n"

    def document(self, text: str, finish: str | None = None) -> Any:
        """A frame's JSON."""
        raise NotImplementedError


class OpenAI(Wire):
    """As gpt-4o-mini writes, 330 bytes for a frame."""

    def document(self, text: str, finish: str | None = None) -> Any:
        """A chunk."""
        return {
            "id": "chatcmpl-Cd4hTgYtBvQ0zVQm3dSgYpWnRkLxa",
            "object": "chat.completion.chunk",
            "created": 1763800000,
            "model": "gpt-4o-mini-2024-07-18",
            "service_tier": "default",
            "system_fingerprint": "fp_560af6e559",
            "choices": [
                {
                    "index": 0,
                    "delta": {} if finish else {"content": text},
                    "logprobs": None,
                    "finish_reason": finish,
                }
            ],
            "usage": None,
            "obfuscation": "a1b2c3d4e5f",
        }

    def end(self) -> bytes:
        """The finish reason, and [DONE]."""
        done = http_chunk(b"data: [DONE]\n\n")
        return http_chunk(self.framed(self.document("", "stop"))) + done + b"0\r\n\r\n"


class ZhipuAI(OpenAI):
    """As glm-4 writes: the role in every frame."""

    def document(self, text: str, finish: str | None = None) -> Any:
        """A chunk."""
        choice = {"index": 0, "delta": {"role": "assistant", "content": text}}
        usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
        more = {"usage": usage} if finish else {}
        ended = {"finish_reason": finish} if finish else {}
        return {"id": "2025112", "created": 1763800000, "model": "glm-4", "choices": [choice | ended], **more}


class Gemini(Wire):
    """As gemini-2.5-flash writes: the usage in every frame."""

    def document(self, text: str, finish: str | None = None) -> Any:
        """A chunk."""
        ended = {"finishReason": "STOP"} if finish else {}
        counts = {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}
        return {
            "candidates": [{"content": {"parts": [{"text": text}], "role": "model"}, "index": 0, **ended}],
            "usageMetadata": counts,
            "modelVersion": "gemini-2.5-flash",
            "responseId": "a1b2c3d4e5f6g7h8",
        }


class Ollama(Wire):
    """As Ollama writes: a line for each frame."""

    content_type = "application/x-ndjson"

    def framed(self, document: Any) -> bytes:
        """A line."""
        return json.dumps(document, separators=(",", ":")).encode() + b"\n"

    def document(self, text: str, finish: str | None = None) -> Any:
        """A line's JSON."""
        ended = {"done_reason": "stop", "prompt_eval_count": 3, "eval_count": 2} if finish else {}
        message = {"role": "assistant", "content": text}
        return {
            "model": "llama3.2",
            "created_at": "2025-11-22T12:00:00.123456789Z",
            "message": message,
            "done": bool(finish),
            **ended,
        }


class DashScope(Wire):
    """As DashScope writes when it is asked for what is new."""

    def framed(self, document: Any) -> bytes:
        """An event with the status in a comment."""
        return (
            b"id:1\nevent:result\n:HTTP_STATUS/200\ndata:"
            + json.dumps(document, separators=(",", ":")).encode()
            + b"\n\n"
        )

    def document(self, text: str, finish: str | None = None) -> Any:
        """A chunk."""
        message = {"role": "assistant", "content": text}
        return {
            "output": {"choices": [{"message": message, "finish_reason": finish or "null"}]},
            "usage": {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5},
            "request_id": "b1c2d3e4-1234-9876-abcd-000000000000",
        }


WIRES: dict[str, Wire] = {
    "openai": OpenAI(),
    "zhipuai": ZhipuAI(),
    "gemini": Gemini(),
    "ollama": Ollama(),
    "dashscope": DashScope(),
}


def http_chunk(data: bytes) -> bytes:
    """A chunk of HTTP's chunked encoding."""
    return b"%x\r\n%b\r\n" % (len(data), data)
