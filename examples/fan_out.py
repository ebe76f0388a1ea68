"""Serve one streamed answer to many readers over HTTP, with nothing but asyncio. The model is called once.

    pip install modelstream
    python examples/fan_out.py
    curl -N http://127.0.0.1:8000/    # in several terminals, at any time

Every reader, even a late one, gets the answer from the beginning; one that is slow or disconnects does not
affect the others. Each delta is also appended to `answer.jsonl`, by a sink that is a function.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import modelstream
from modelstream.testing import scripted

if TYPE_CHECKING:
    from modelstream import AsyncStreamedResponse, Message, Snapshot

WORDS = ["One call ", "feeds ", "any number ", "of readers, ", "and each ", "of them ", "sees ", "all of it."]
PAUSE = 0.2
HEAD = (
    b"HTTP/1.1 200 OK\r\n"
    b"Content-Type: text/event-stream\r\n"
    b"Cache-Control: no-store\r\n"
    b"Connection: close\r\n\r\n"
)


class JsonLines:
    """A sink: one line of JSON for each snapshot."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, message: Message, snapshot: Snapshot) -> None:
        """Append what is new."""
        line = {"name": message.name, "delta": snapshot.delta, "last": snapshot.last}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


async def serve_reader(
    response: AsyncStreamedResponse, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Send one client the answer as server-sent events; a cut answer ends with an `error` event."""
    try:
        while (await reader.readline()).strip():
            pass  # the request line and the headers: every path has the same answer
        writer.write(HEAD)
        async for event in events(response):
            writer.write(event)
            await writer.drain()
    except ConnectionError:
        pass  # the client has disconnected; the others continue
    finally:
        writer.close()


async def events(response: AsyncStreamedResponse) -> AsyncIterator[bytes]:
    """Every snapshot of the answer as an event."""
    try:
        async for snapshot in response.stream:
            yield f"data: {json.dumps({'delta': snapshot.delta, 'last': snapshot.last})}\n\n".encode()
    except modelstream.StreamError as error:
        yield f"event: error\ndata: {json.dumps(str(error))}\n\n".encode()


async def main(port: int = 8000, log: Path = Path("answer.jsonl"), pause: float = PAUSE) -> None:
    """Serve until Ctrl-C; the answer begins at once."""
    modelstream.init(sinks=[JsonLines(log)])
    steps = [step for word in WORDS for step in (word, pause)]
    response = await scripted(*steps).acall("What do you do?", stream=True)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serve_reader(response, reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", flush=True)
    async with server:
        await modelstream.ashow(response)
        await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        print("stopped")
