"""Every HTTP provider's wrapper, in one environment, answers once: streamed, from a server on this machine.

Run by `nox -s smoke`, where nothing is installed but the packages and what they need.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import modelstream

WORDS = ("Hello ", "world")
TEXT = "".join(WORDS)


def openai_shaped(word, end):
    choice = {"index": 0, "delta": {"content": word}, "finish_reason": "stop" if end else None}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def dashscope(word, end):
    message = {"role": "assistant", "content": word}
    choice = {"message": message, "finish_reason": "stop" if end else "null"}
    return {"output": {"choices": [choice]}, "request_id": "r"}


def gemini(word, end):
    candidate = {"content": {"role": "model", "parts": [{"text": word}]}, "index": 0}
    return {"candidates": [{**candidate, "finishReason": "STOP"} if end else candidate]}


def ollama(word, end):
    message = {"role": "assistant", "content": word}
    return {"model": "m", "created_at": "2026-01-01T00:00:00Z", "message": message, "done": end}


# What stands in the path of a request, how such a provider writes, and in which frames.
FORMATS = (
    ("/chat/completions", openai_shaped, "text/event-stream"),
    ("generation", dashscope, "text/event-stream"),
    (":streamGenerateContent", gemini, "text/event-stream"),
    ("/api/chat", ollama, "application/x-ndjson"),
)

PROVIDERS = {
    "openai_chat": ("/v1", "m"),
    "dashscope_chat": ("/api/v1", "m"),
    "gemini_chat": ("", "m"),
    "zhipuai_chat": ("/api/paas/v4", "m"),
    "ollama_chat": ("", "m"),
    "litellm_chat": ("/v1", "openai/m"),
}


class Provider(BaseHTTPRequestHandler):
    """All providers in one server, distinguished by the path."""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        write, kind = next((write, kind) for part, write, kind in FORMATS if part in self.path)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        for word in WORDS:
            frame = json.dumps(write(word, word == WORDS[-1]))
            lines = f"{frame}\n" if kind == "application/x-ndjson" else f"data: {frame}\n\n"
            self.wfile.write(lines.encode())

    def log_message(self, *_):
        pass


async def whole(model):
    return await (await model.acall("Hi", stream=True)).get_text()


def tried(model_type, address):
    """What is wrong with this provider's wrapper, or nothing."""
    path, name = PROVIDERS[model_type]
    # Keys of Zhipu's have a dot.
    key = {} if model_type == "ollama_chat" else {"api_key": "id.secret"}
    model = modelstream.load_model(
        {"model_type": model_type, "model_name": name, "base_url": address + path, **key}
    )
    results = [list(model("Hi", stream=True).stream)[-1], (True, asyncio.run(whole(model)))]
    return [] if results == [(True, TEXT)] * 2 else [f"{model_type} answered {results}"]


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    wrong = [line for model_type in PROVIDERS for line in tried(model_type, address)]
    server.shutdown()
    server.server_close()
    print("\n".join(wrong) or f"{len(PROVIDERS)} providers answered: {', '.join(PROVIDERS)}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
