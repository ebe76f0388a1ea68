"""What a chunk costs on its way from a socket to the user: microseconds of CPU time, through OpenAI's SDK.

    python tests/benchmarks/openai_chunks.py [chunks]

One stream of small chunks, an HTTP chunk for each, comes as fast as it can from a server in a process of its
own. It is read by a bare socket with a decoder behind it (the floor), by the iteration that the SDK offers,
and by modelstream on top of the same SDK. Median of interleaved rounds; only the ratios mean anything.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any

import msgspec
import openai

from modelstream_openai import OpenAIChat

ROUNDS = 7
SDK_TARGET = 6  # times less than the SDK's own iteration
FLOOR_TARGET = 10  # times the floor
QUESTION: list[Any] = [{"role": "user", "content": "hi"}]


def frame(text: str | None, finish: str | None = None) -> bytes:
    """A frame as gpt-4o-mini sends it, as an event in an HTTP chunk of its own."""
    said = {} if text is None else {"content": text}
    document = {
        "id": "chatcmpl-Cd4hTgYtBvQ0zVQm3dSgYpWnRkLxa",
        "object": "chat.completion.chunk",
        "created": 1763800000,
        "model": "gpt-4o-mini-2024-07-18",
        "service_tier": "default",
        "system_fingerprint": "fp_560af6e559",
        "choices": [{"index": 0, "delta": said, "logprobs": None, "finish_reason": finish}],
        "usage": None,
        "obfuscation": "a1b2c3d4e5f",
    }
    event = b"data: " + json.dumps(document, separators=(",", ":")).encode() + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(event), event)


def serve(port: Any, chunks: int) -> None:
    """Answer every request with the stream."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"".join(frame(f"w{number % 10} ") for number in range(chunks)) + frame(None, "stop")
    answer = head + body + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
    listener = socket.create_server(("127.0.0.1", 0))
    port.send(listener.getsockname()[1])
    while True:
        client, _ = listener.accept()
        threading.Thread(target=answer_all, args=(client, answer), daemon=True).start()


def answer_all(client: socket.socket, answer: bytes) -> None:
    """Answer the requests of one connection."""
    with client:
        got = b""
        while piece := client.recv(65536):
            got += piece
            if got.endswith(b"}"):
                client.sendall(answer)
                got = b""


class Said(msgspec.Struct, gc=False):
    """What is new."""

    content: str | None = None


class Choice(msgspec.Struct, gc=False):
    """An answer."""

    delta: Said


class Chunk(msgspec.Struct, gc=False):
    """A frame."""

    choices: list[Choice]


def floor(port: int) -> int:
    """Characters read by a bare socket: HTTP chunks taken apart, events split, frames decoded."""
    decode = msgspec.json.Decoder(Chunk).decode
    texts: list[str] = []
    events = b""
    with socket.create_connection(("127.0.0.1", port)) as server:
        server.sendall(b"POST / HTTP/1.1\r\n\r\n{}")
        got = server.recv(65536).partition(b"\r\n\r\n")[2]
        while True:
            body, got = dechunked(got)
            *frames, events = (events + body).split(b"\n\n")
            for data in frames:
                if data == b"data: [DONE]":
                    return len("".join(texts))
                texts.append(decode(data[6:]).choices[0].delta.content or "")
            got += server.recv(65536)


def dechunked(got: bytes) -> tuple[bytes, bytes]:
    """What whole HTTP chunks hold, and what stands behind them."""
    pieces, at = [], 0
    while (line := got.find(b"\r\n", at)) > 0:
        size = int(got[at:line], 16)
        if len(got) < line + size + 4:
            break
        pieces.append(got[line + 2 : line + 2 + size])
        at = line + size + 4
    return b"".join(pieces), got[at:]


def readers(port: int) -> dict[str, Callable[[], int | Awaitable[int]]]:
    """Every way to read the stream: each returns the characters that it read."""
    address = f"http://127.0.0.1:{port}/v1"
    client = openai.OpenAI(base_url=address, api_key="k")
    async_client = openai.AsyncOpenAI(base_url=address, api_key="k")
    model = OpenAIChat(model_name="m", base_url=address)

    def sdk() -> int:
        stream = client.chat.completions.create(model="m", messages=QUESTION, stream=True)
        return len("".join(chunk.choices[0].delta.content or "" for chunk in stream))

    async def async_sdk() -> int:
        stream = await async_client.chat.completions.create(model="m", messages=QUESTION, stream=True)
        return len("".join([chunk.choices[0].delta.content or "" async for chunk in stream]))

    def ours() -> int:
        return sum(len(snapshot.delta) for snapshot in model(QUESTION, stream=True).stream or ())

    def our_pairs() -> int:
        return max(len(text) for last, text in model(QUESTION, stream=True).stream or ())

    async def async_ours() -> int:
        stream = (await model.acall(QUESTION, stream=True)).stream
        assert stream is not None
        return sum([len(snapshot.delta) async for snapshot in stream])

    return {
        "bare socket and decoder (the floor)": lambda: floor(port),
        "openai SDK": sdk,
        "openai SDK, async": async_sdk,
        "modelstream": ours,
        "modelstream, async": async_ours,
        "modelstream, the whole text each time": our_pairs,
    }


def cost(read: Callable[[], int | Awaitable[int]], loop: asyncio.AbstractEventLoop, chunks: int) -> float:
    """Microseconds of CPU time for each chunk."""
    begin = time.process_time()
    found = read()
    characters = found if isinstance(found, int) else loop.run_until_complete(found)
    used = time.process_time() - begin
    if characters != 3 * chunks:
        raise ValueError(f"{characters} characters came, not {3 * chunks}")
    return used / chunks * 1e6


def main(chunks: int) -> None:
    """Measure, and print a table."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, chunks), daemon=True)
    server.start()
    ways = readers(ours.recv())
    costs: dict[str, list[float]] = {name: [] for name in ways}
    with asyncio.Runner() as runner:
        for _ in range(ROUNDS):
            for name, read in ways.items():
                costs[name].append(cost(read, runner.get_loop(), chunks))
    server.terminate()
    base, *sdks = (median(costs[name]) for name in list(ways)[:3])
    print(f"openai {openai.__version__}, {chunks} chunks, µs of CPU time for each")
    for name, values in costs.items():
        mid = median(values)
        of_sdk = sdks["async" in name] / mid
        ratios = f"{mid / base:5.1f} x floor  SDK / this {of_sdk:5.1f}"
        print(f"{name:40} {mid:7.2f} (min {min(values):6.2f})  {ratios}")
    print(f"Targets: at most {FLOOR_TARGET} x floor, SDK / this at least {SDK_TARGET}.")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
