# ruff: noqa: BLE001, RUF012, S110, SIM105 (they are wrong on purpose)
"""Wrappers that do not end calls, block other readers, or leak something."""

import asyncio
import queue
import threading
import time

from reference import ReferenceChat

from modelstream import Finish


class NotWoken(ReferenceChat):
    """blocks in the socket until data arrives, also when it is closed"""

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
    """reads a closed answer to its end before it closes the connection"""

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
    """reads the answer in a thread, which continues after the call was closed"""

    breaks = "close_reaches_the_provider"

    def pieces(self, response):
        pieces = queue.SimpleQueue()

        def work():
            try:
                for piece in ReferenceChat.pieces(self, response):
                    pieces.put(piece)
            except Exception as error:
                pieces.put(error)
            pieces.put(b"")

        threading.Thread(target=work, daemon=True).start()
        while piece := pieces.get():
            if isinstance(piece, Exception):
                raise piece
            yield piece

    def wake(self, sock):
        pass

    def close(self, connection):
        pass


class ThreadKept(ReferenceChat):
    """starts a thread for each call that never ends"""

    breaks = "nothing_leaks"

    def deltas(self, request):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        yield from super().deltas(request)

    async def adeltas(self, request):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        async for item in super().adeltas(request):
            yield item


class TaskKept(ReferenceChat):
    """starts a task for each call that never ends"""

    breaks = "nothing_leaks"
    left = set()

    async def adeltas(self, request):
        self.left.add(asyncio.ensure_future(asyncio.Event().wait()))
        async for item in super().adeltas(request):
            yield item


class InterruptSwallowed(ReferenceChat):
    """treats Ctrl-C as a failure of the connection"""

    breaks = "interrupt_reaches_the_provider"

    def pieces(self, response):
        try:
            yield from super().pieces(response)
        except KeyboardInterrupt as error:
            raise OSError("interrupted") from error


class ReaderHurried(ReferenceChat):
    """measures its own timeout from the headers on, including the time of the reader"""

    breaks = "slow_reader"

    def streamed(self, pieces):
        began = time.monotonic()
        for item in super().streamed(pieces):
            limit = self.config.idle_timeout or 0
            if time.monotonic() - began > limit:
                raise TimeoutError("no delta for too long")
            yield item

    async def astreamed(self, pieces):
        began = time.monotonic()
        async for item in super().astreamed(pieces):
            limit = self.config.idle_timeout or 0
            if time.monotonic() - began > limit:
                raise TimeoutError("no delta for too long")
            yield item


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
        deltas = super().read(frames, data)
        self.deaf = any(isinstance(one, Finish) for one in deltas)
        return deltas

    def send(self, connection, request):
        self.deaf = False
        return super().send(connection, request)

    def wake(self, sock):
        if not self.deaf:
            super().wake(sock)


class CancelledOnlyInTheLoop(ReferenceChat):
    """keeps the connection for seconds if another thread ended the call"""

    breaks = "cancel_from_a_thread"

    async def adeltas(self, request):
        elsewhere = []
        loop = threading.get_ident()
        request.on_cancel(lambda: threading.get_ident() != loop and elsewhere.append(True))
        self.elsewhere = elsewhere
        async for item in super().adeltas(request):
            yield item

    async def aclose(self, writer):
        if self.elsewhere:
            await asyncio.sleep(3)
        await super().aclose(writer)
