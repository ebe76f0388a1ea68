# ruff: noqa: ASYNC251, BLE001, RUF006, RUF012, S110, SIM105 (they are wrong on purpose)
"""Wrappers that don't let go, hold up others, or leave something behind."""

import asyncio
import http.client
import queue
import threading
import time
from urllib.parse import urlsplit

from reference import SIZE, Frames, ReferenceChat


class NotWoken(ReferenceChat):
    """blocks in the socket until something comes, whatever happens"""

    def wake(self, sock):
        pass


class SocketKept(ReferenceChat):
    """leaves the connection open when a call is ended early"""

    kept = []

    def close(self, connection):
        self.kept.append((connection, getattr(connection, "response", None)))

    def wake(self, sock):
        pass

    async def aclose(self, writer):
        self.kept.append(writer)


class ClosedPolitely(ReferenceChat):
    """reads an answer that nobody wants to its end before it closes the connection"""

    def close(self, connection):
        response = getattr(connection, "response", None)
        if response is not None:
            try:
                response.read()
            except Exception:
                pass
        super().close(connection)

    def wake(self, sock):
        pass


class CancelSwallowed(ReferenceChat):
    """goes on reading when its task is cancelled"""

    async def apieces(self, reader, headers):
        pieces = super().apieces(reader, headers)
        while True:
            following = asyncio.ensure_future(anext(pieces, None))
            while not following.done():
                try:
                    await asyncio.wait([following])
                except asyncio.CancelledError:
                    continue
            if following.result() is None:
                return
            yield following.result()


class BlocksTheLoop(ReferenceChat):
    """runs the sync code in coroutines"""

    async def adeltas(self, request):
        for said in self.deltas(request):
            yield said


class BlocksTheLoopAtFirst(ReferenceChat):
    """waits for the headers without awaiting"""

    async def adeltas(self, request):
        connection = http.client.HTTPConnection(*self.address())
        try:
            response = self.send(connection, request)
            body = None
            if self.is_refused(response.status, response.headers) or not request.stream:
                body = await asyncio.to_thread(response.read)
            self.check(response.status, response.headers, body)
            yield None
            if body is not None:
                yield list(self.whole(body))
                return

            async def pieces():
                while piece := await asyncio.to_thread(response.read1, SIZE):
                    yield piece

            async for said in self.astreamed(pieces()):
                yield said
        finally:
            self.wake(connection.sock)
            connection.close()


class SleepsInTheLoop(ReferenceChat):
    """sleeps between two looks at its queue, also in the event loop"""

    async def adeltas(self, request):
        news = queue.SimpleQueue()

        def work():
            try:
                for said in self.deltas(request):
                    news.put((said, None))
            except Exception as error:
                news.put((None, error))
            news.put(news)

        threading.Thread(target=work, daemon=True).start()
        while True:
            while news.empty():
                time.sleep(0.001)
            item = news.get()
            if item is news:
                return
            if item[1] is not None:
                raise item[1]
            yield item[0]


class ReadsInTheBackground(ReferenceChat):
    """reads the answer in a thread, which goes on when nobody wants it any more"""

    def pieces(self, response):
        news = queue.SimpleQueue()

        def work():
            try:
                for piece in ReferenceChat.pieces(self, response):
                    news.put(piece)
            except Exception as error:
                news.put(error)
            news.put(b"")

        threading.Thread(target=work, daemon=True).start()
        while piece := news.get():
            if isinstance(piece, Exception):
                raise piece
            yield piece

    def wake(self, sock):
        pass

    def close(self, connection):
        pass


class ThreadKept(ReferenceChat):
    """starts a thread for each call that waits for ever"""

    def deltas(self, request):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        yield from super().deltas(request)

    async def adeltas(self, request):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        async for said in super().adeltas(request):
            yield said


class TaskKept(ReferenceChat):
    """starts a task for each call that waits for ever"""

    kept = set()

    async def adeltas(self, request):
        self.kept.add(asyncio.ensure_future(asyncio.Event().wait()))
        async for said in super().adeltas(request):
            yield said


class ErrorLeftLying(ReferenceChat):
    """leaves a failed task behind that nobody looks at"""

    async def adeltas(self, request):
        async def fail():
            raise RuntimeError("nobody looks at me")

        asyncio.ensure_future(fail())
        async for said in super().adeltas(request):
            yield said


class PartsShared(ReferenceChat):
    """keeps the beginnings of frames on the wrapper, for all answers"""

    def __init__(self, *args, **fields):
        super().__init__(*args, **fields)
        self.shared = ReferenceChat.Lines()
        self.Lines = lambda: self.shared


class ShownShared(ReferenceChat):
    """keeps on the wrapper how much was shown, to find out what is new"""

    class Frames(Frames):
        text = ""

    def check(self, status, headers, body):
        super().check(status, headers, body)
        self.shown = 0

    def read(self, frames, data):
        for one in frames.read(data):
            if not isinstance(one, str):
                yield one
                continue
            frames.text += one
            new, self.shown = frames.text[self.shown :], len(frames.text)
            yield new


class OneAtATime(ReferenceChat):
    """holds a lock for as long as an answer takes"""

    lock = threading.Lock()

    def deltas(self, request):
        if not self.lock.acquire(timeout=3):
            raise TimeoutError("another answer is being written")
        try:
            yield from super().deltas(request)
        finally:
            self.lock.release()


class OneConnection(ReferenceChat):
    """has one connection for all calls, and ends the one before"""

    connection = None

    def send(self, connection, request):
        if self.connection is not None and self.connection.sock is not None:
            self.wake(self.connection.sock)
        self.connection = connection
        return super().send(connection, request)


class AskedTwice(ReferenceChat):
    """asks once to see whether the provider is there, and then for the answer"""

    def send(self, connection, request):
        probe = http.client.HTTPConnection(*self.address())
        super().send(probe, request).close()
        self.close(probe)
        return super().send(connection, request)


class InterruptSwallowed(ReferenceChat):
    """takes Ctrl-C for a failure of the connection"""

    def pieces(self, response):
        try:
            yield from super().pieces(response)
        except KeyboardInterrupt as error:
            raise OSError("interrupted") from error


class OneAddress(ReferenceChat):
    """keeps its address where all wrappers have theirs"""

    base_url = None

    def __init__(self, *args, **fields):
        super().__init__(*args, **fields)
        OneAddress.base_url = self.config.base_url

    def address(self):
        url = urlsplit(OneAddress.base_url)
        return url.hostname, url.port


class OneLoop(ReferenceChat):
    """belongs to the event loop of its first call"""

    loop = None

    async def adeltas(self, request):
        self.loop = self.loop or asyncio.get_running_loop()
        opened = self.loop.create_future()
        self.loop.call_soon(opened.set_result, None)
        await opened
        async for said in super().adeltas(request):
            yield said


class LateClose(ReferenceChat):
    """shuts down, when a response is closed late, the connection that the next one has"""

    def __init__(self, *args, **fields):
        super().__init__(*args, **fields)
        self.socks = []

    def __call__(self, *args, **fields):
        response = super().__call__(*args, **fields)
        close = response.close

        def close_all():
            close()
            self.wake(self.socks[-1])

        response.close = close_all
        return response

    def send(self, connection, request):
        response = super().send(connection, request)
        self.socks.append(connection.sock)
        return response


class ReaderHurried(ReferenceChat):
    """measures its own limit from the headers on, whoever is to blame"""

    def streamed(self, pieces):
        began = time.monotonic()
        for said in super().streamed(pieces):
            limit = self.config.idle_timeout or 0
            if time.monotonic() - began > limit:
                raise TimeoutError("no news for too long")
            yield said

    async def astreamed(self, pieces):
        began = time.monotonic()
        async for said in super().astreamed(pieces):
            limit = self.config.idle_timeout or 0
            if time.monotonic() - began > limit:
                raise TimeoutError("no news for too long")
            yield said


class NotWokenInWhole(ReferenceChat):
    """can't be woken while it waits for an answer that is not streamed"""

    def deltas(self, request):
        self.streams = request.stream
        yield from super().deltas(request)

    def wake(self, sock):
        if self.streams:
            super().wake(sock)


class BlocksTheLoopInWhole(ReferenceChat):
    """runs the sync code in coroutines if it does not stream"""

    async def adeltas(self, request):
        if request.stream:
            async for said in super().adeltas(request):
                yield said
            return
        for said in self.deltas(request):
            yield said
