"""A model wrapper on plain sockets that keeps all laws; the broken wrappers are subclasses of it."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
from contextlib import suppress
from urllib.parse import urlsplit

from modelstream import (
    AuthenticationError,
    BadRequestError,
    ConnectionLostError,
    Finish,
    MalformedDataError,
    ModelConfig,
    ModelWrapper,
    ProviderError,
    RateLimitError,
    ReasoningDelta,
    ToolCallDelta,
    UsageDelta,
)
from modelstream.wire import AnswerReader, Ending

SIZE = 65536
HTML = "text/html"
KINDS = {
    400: BadRequestError,
    401: AuthenticationError,
    403: AuthenticationError,
    404: BadRequestError,
    429: RateLimitError,
}


def passes(status):
    return status == 429 or status >= 500


class ReferenceConfig(ModelConfig, kw_only=True):
    """The config: the URL of the provider."""

    base_url: str = ""


class Lines:
    """Server-sent events: bytes in, the data of whole events out."""

    def __init__(self):
        self.rest = b""
        self.data = []

    def feed(self, piece):
        *lines, self.rest = (self.rest + piece).split(b"\n")
        events = []
        for line in (line.removesuffix(b"\r") for line in lines):
            if line.startswith(b"data:"):
                self.data.append(line[5:].removeprefix(b" "))
            elif not line and self.data:
                events.append(b"\n".join(self.data))
                self.data = []
        return events

    def finish(self):
        return []


class Frames:
    """OpenAI's frames: the data of events in, deltas out."""

    def __init__(self):
        self.done = False

    def read(self, data):
        if data == b"[DONE]":
            self.done = True
            return []
        frame = self.decoded(data)
        if "error" in frame:
            raise self.sent_error(frame["error"])
        deltas = []
        for choice in frame.get("choices") or ():
            deltas += self.content(choice.get("delta") or choice.get("message") or {})
            deltas += self.finish(choice.get("finish_reason"))
        return deltas + self.usage(frame.get("usage"))

    def decoded(self, data):
        try:
            return json.loads(data)
        except ValueError as error:
            raise MalformedDataError(f"a frame that is not JSON: {data[:80]!r}") from error

    def sent_error(self, error):
        return ProviderError(error["message"], code=error.get("code"))

    def content(self, delta):
        deltas = [ReasoningDelta(delta["reasoning_content"])] if delta.get("reasoning_content") else []
        if delta.get("content"):
            deltas.append(delta["content"])
        return deltas + [self.call(call, at) for at, call in enumerate(delta.get("tool_calls") or ())]

    def call(self, call, at):
        function = call["function"]
        return ToolCallDelta(
            call.get("index", at), call.get("id"), function.get("name"), function["arguments"]
        )

    def finish(self, reason):
        return [Finish(reason, reason)] if reason else []

    def usage(self, usage):
        if not usage:
            return []
        counts = (usage["prompt_tokens"], usage["completion_tokens"])
        thought = usage["completion_tokens_details"]["reasoning_tokens"]
        return [UsageDelta(*counts, thought, usage["prompt_tokens_details"]["cached_tokens"])]


class Reader:
    """The frames of one answer for `AnswerReader`, read by the wrapper's `read`."""

    has_terminal = True

    def __init__(self, wrapper, frames):
        self.wrapper = wrapper
        self.frames = frames

    @property
    def done(self):
        return self.frames.done

    def read(self, data, deltas):
        deltas += self.wrapper.read(self.frames, data)


class ReferenceChat(ModelWrapper):
    """Each step is a method, so that a broken wrapper is one that overrides one of them."""

    model_type = "reference_chat"
    config_class = ReferenceConfig
    Lines = Lines
    Frames = Frames

    def deltas(self, request):
        connection = http.client.HTTPConnection(*self.address())
        try:
            response = self.send(connection, request)
            body = None
            if self.is_refused(response.status, response.headers) or not request.stream:
                body = response.read()
            self.check(response.status, response.headers, body)
            yield None
            if body is not None:
                self.keep(request, body)
                yield from self.whole(body)
            else:
                yield from self.streamed(self.kept(request, self.pieces(response)))
        finally:
            self.close(connection)

    def send(self, connection, request):
        connection.connect()
        # The connection drops its reference to the socket while the answer may still be read.
        sock = connection.sock
        request.on_cancel(lambda: self.wake(sock))
        connection.request("POST", self.path(), json.dumps(self.payload(request)), {"Accept": "*/*"})
        connection.response = connection.getresponse()
        return connection.response

    def pieces(self, response):
        while piece := response.read1(SIZE):
            yield piece

    def wake(self, sock):
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    def close(self, connection):
        response = getattr(connection, "response", None)
        if response is not None:
            response.close()
        connection.close()

    def streamed(self, pieces):
        answer = self.answer()
        for piece in pieces:
            if (deltas := answer.feed(piece)) is not None:
                yield deltas
            if self.is_over(answer):
                break
        else:
            yield answer.finish()
        answer.check()

    def answer(self):
        return AnswerReader(self.Lines(), Reader(self, self.Frames()), self.ending())

    def ending(self):
        return Ending(has_terminal=True)

    def is_over(self, answer):
        return answer.over

    def read(self, frames, data):
        return frames.read(data)

    async def adeltas(self, request):
        reader, writer = await asyncio.open_connection(*self.address())
        try:
            body = json.dumps(self.payload(request)).encode()
            writer.write(b"POST %b HTTP/1.1\r\nHost: test\r\n" % self.path().encode())
            writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
            status, headers = await self.head(reader)
            pieces = self.apieces(reader, headers)
            body = None
            if self.is_refused(status, headers) or not request.stream:
                body = b"".join([piece async for piece in pieces])
            self.check(status, headers, body)
            yield None
            if body is not None:
                self.keep(request, body)
                yield list(self.whole(body))
                return
            async for item in self.astreamed(self.akept(request, pieces)):
                yield item
        finally:
            await self.aclose(writer)

    async def head(self, reader):
        first, *lines = (await self.line(reader, b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        return int(first.split()[1]), headers

    async def line(self, reader, end):
        try:
            return await reader.readuntil(end)
        except asyncio.IncompleteReadError as error:
            raise ConnectionLostError("the connection was closed") from error

    async def apieces(self, reader, headers):
        if "Transfer-Encoding" in headers:
            while size := int(await self.line(reader, b"\r\n"), 16):
                piece = b""
                while len(piece) < size + 2:
                    more = await reader.read(size + 2 - len(piece))
                    if not more:
                        raise ConnectionLostError("the connection was closed in the middle of the answer")
                    piece += more
                yield piece[:size]
            return
        left = int(headers.get("Content-Length", 1 << 60))
        while left and (piece := await reader.read(min(left, SIZE))):
            left -= len(piece)
            yield piece

    async def aclose(self, writer):
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def astreamed(self, pieces):
        answer = self.answer()
        async for piece in pieces:
            if (deltas := answer.feed(piece)) is not None:
                yield deltas
            if self.is_over(answer):
                break
        else:
            yield answer.finish()
        answer.check()

    def keep(self, request, data):
        if request.raw_chunks is not None:
            request.raw_chunks.append(data)

    def kept(self, request, pieces):
        for piece in pieces:
            self.keep(request, piece)
            yield piece

    async def akept(self, request, pieces):
        async for piece in pieces:
            self.keep(request, piece)
            yield piece

    def address(self):
        url = urlsplit(self.config.base_url)
        return url.hostname, url.port

    def path(self):
        return f"{urlsplit(self.config.base_url).path}/chat/completions"

    def payload(self, request):
        return {"model": self.config.model_name, "messages": request.messages, "stream": request.stream}

    def is_refused(self, status, headers):
        return status != 200 or HTML in headers.get("Content-Type", "")

    def check(self, status, headers, body):
        """Raise the error of a refusal or a web page."""
        if HTML in headers.get("Content-Type", "") and status == 200:
            raise MalformedDataError("the answer is a web page")
        if status != 200:
            raise self.refusal(status, headers, body)

    def refusal(self, status, headers, body):
        try:
            message = json.loads(body)["error"]["message"]
        except ValueError:
            message = "no reason given"
        wait = headers.get("Retry-After")
        after = None if wait is None else float(wait)
        return KINDS.get(status, ProviderError)(
            message, status=status, retryable=passes(status), retry_after=after
        )

    def whole(self, body):
        if not body:
            raise MalformedDataError("the answer is empty")
        return self.Frames().read(body)
