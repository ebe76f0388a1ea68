# ruff: noqa: BLE001, RUF012, S110, SIM105 (they are wrong on purpose)
"""Wrappers that don't let go, hold up others, or leave something behind."""

import asyncio
import queue
import threading
import time

from reference import ReferenceChat

from modelstream import Finish


class NotWoken(ReferenceChat):
    """blocks in the socket until something comes, whatever happens"""

    breaks = "close_wakes_the_reader"

    def wake(self, sock):
        pass


class SocketKept(ReferenceChat):
    """leaves the connection open when a call is ended early"""

    breaks = "nothing_leaks"
    left = []

    def close(self, connection):
        self.left.append((connection, getattr(connection, "response", None)))

    def wake(self, sock):
        pass

    async def aclose(self, writer):
        self.left.append(writer)


class ClosedPolitely(ReferenceChat):
    """reads an answer that nobody wants to its end before it closes the connection"""

    breaks = "close_reaches_the_provider"

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


class ReadsInTheBackground(ReferenceChat):
    """reads the answer in a thread, which goes on when nobody wants it any more"""

    breaks = "close_reaches_the_provider"

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

    breaks = "nothing_leaks"

    def deltas(self, request):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        yield from super().deltas(request)

    async def adeltas(self, request):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        async for said in super().adeltas(request):
            yield said


class TaskKept(ReferenceChat):
    """starts a task for each call that waits for ever"""

    breaks = "nothing_leaks"
    left = set()

    async def adeltas(self, request):
        self.left.add(asyncio.ensure_future(asyncio.Event().wait()))
        async for said in super().adeltas(request):
            yield said


class InterruptSwallowed(ReferenceChat):
    """takes Ctrl-C for a failure of the connection"""

    breaks = "interrupt_reaches_the_provider"

    def pieces(self, response):
        try:
            yield from super().pieces(response)
        except KeyboardInterrupt as error:
            raise OSError("interrupted") from error


class ReaderHurried(ReferenceChat):
    """measures its own limit from the headers on, whoever is to blame"""

    breaks = "slow_reader"

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

    breaks = "silence_before_headers"

    def deltas(self, request):
        self.streams = request.stream
        yield from super().deltas(request)

    def wake(self, sock):
        if self.streams:
            super().wake(sock)


class NotWokenInBody(ReferenceChat):
    """can't be woken once the body of an answer that is not streamed has begun"""

    breaks = "stalled_whole_answer"

    def send(self, connection, request):
        self.deaf = False
        response = super().send(connection, request)
        self.deaf = not request.stream and response.status == 200
        return response

    def wake(self, sock):
        if not self.deaf:
            super().wake(sock)


class NotWokenInRefusal(ReferenceChat):
    """can't be woken while it waits for the body of a refusal"""

    breaks = "stalled_refusal"

    def send(self, connection, request):
        self.deaf = False
        response = super().send(connection, request)
        self.deaf = response.status != 200
        return response

    def wake(self, sock):
        if not self.deaf:
            super().wake(sock)


class NotWokenAfterTheEnd(ReferenceChat):
    """can't be woken once it has read the end marker"""

    breaks = "silence_after_the_end"

    def read(self, frames, data):
        said = super().read(frames, data)
        self.deaf = any(isinstance(one, Finish) for one in said)
        return said

    def send(self, connection, request):
        self.deaf = False
        return super().send(connection, request)

    def wake(self, sock):
        if not self.deaf:
            super().wake(sock)


class CancelledOnlyInTheLoop(ReferenceChat):
    """stays at the provider for seconds when it was another thread that ended the call"""

    breaks = "cancel_from_a_thread"

    async def adeltas(self, request):
        elsewhere = []
        loop = threading.get_ident()
        request.on_cancel(lambda: threading.get_ident() != loop and elsewhere.append(True))
        self.elsewhere = elsewhere
        async for said in super().adeltas(request):
            yield said

    async def aclose(self, writer):
        if self.elsewhere:
            await asyncio.sleep(3)
        await super().aclose(writer)
