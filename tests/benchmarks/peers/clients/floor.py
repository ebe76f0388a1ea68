# /// script
# dependencies = ["msgspec"]
# ///
"""The floor: a bare socket, HTTP chunks taken apart, events split, frames decoded into what is needed."""

import asyncio
import socket
from urllib.parse import urlsplit

import msgspec


class Delta(msgspec.Struct, gc=False):
    content: str | None = None


class Choice(msgspec.Struct, gc=False):
    delta: Delta


class Frame(msgspec.Struct, gc=False):
    choices: list[Choice]


decode = msgspec.json.Decoder(Frame).decode


class Reader:
    """Takes what a socket brings; whether the answer is over."""

    def __init__(self, take):
        self.take = take
        self.raw = b""
        self.events = b""
        self.headers_seen = False

    def feed(self, data):
        raw = self.raw + data
        at = 0
        if not self.headers_seen:
            if (at := raw.find(b"\r\n\r\n") + 4) < 4:
                self.raw = raw
                return False
            self.headers_seen = True
        pieces = [self.events]
        while (line := raw.find(b"\r\n", at)) > 0:
            size = int(raw[at:line], 16)
            if len(raw) < line + size + 4:
                break
            pieces.append(raw[line + 2 : line + 2 + size])
            at = line + size + 4
        self.raw = raw[at:]
        *frames, self.events = b"".join(pieces).split(b"\n\n")
        for frame in frames:
            if frame == b"data: [DONE]":
                return True
            self.take(decode(frame[6:]).choices[0].delta.content)
        return False


class Callbacks(asyncio.Protocol):
    """The same in an event loop, without a coroutine to wake."""

    def __init__(self, take):
        self.feed = Reader(take).feed
        self.over = asyncio.get_running_loop().create_future()

    def data_received(self, data):
        if self.feed(data) and not self.over.done():
            self.over.set_result(None)

    def connection_lost(self, error):
        if not self.over.done():
            self.over.set_exception(error or ConnectionError("the answer is not whole"))


def request(path):
    return b"POST %b/chat/completions HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}" % path.encode()


def sync(url):
    where = urlsplit(url)

    def read(take):
        feed = Reader(take).feed
        with socket.create_connection((where.hostname, where.port)) as server:
            server.sendall(request(where.path))
            while not feed(server.recv(65536)):
                pass

    return read


def coroutine(url):
    where = urlsplit(url)

    async def read(take):
        loop = asyncio.get_running_loop()
        transport, callbacks = await loop.create_connection(
            lambda: Callbacks(take), where.hostname, where.port
        )
        transport.write(request(where.path))
        await callbacks.over
        transport.close()

    return read


IMPORT = "import socket, msgspec"
WAYS = {"floor": sync, "floor, asyncio callbacks": coroutine}
