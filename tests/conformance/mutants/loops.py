# ruff: noqa: ASYNC251, BLE001, RUF006 (they are wrong on purpose)
"""Wrappers that hold up the event loop, or belong to one."""

import asyncio
import http.client
import queue
import threading
import time

from reference import SIZE, ReferenceChat


class BlocksTheLoop(ReferenceChat):
    """runs the sync code in coroutines"""

    breaks = "event_loop_not_blocked"

    async def adeltas(self, request):
        for said in self.deltas(request):
            yield said


class BlocksTheLoopAtFirst(ReferenceChat):
    """waits for the headers without awaiting"""

    breaks = "event_loop_not_blocked"

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


class BlocksTheLoopInWhole(ReferenceChat):
    """runs the sync code in coroutines if it does not stream"""

    breaks = "event_loop_not_blocked"

    async def adeltas(self, request):
        if request.stream:
            async for said in super().adeltas(request):
                yield said
            return
        for said in self.deltas(request):
            yield said


class SleepsInTheLoop(ReferenceChat):
    """sleeps between two looks at its queue, also in the event loop"""

    breaks = "event_loop_not_blocked"

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


class CancelSwallowed(ReferenceChat):
    """goes on reading when its task is cancelled"""

    breaks = "cancelled_task_reaches_the_provider"

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


class OneLoop(ReferenceChat):
    """belongs to the event loop of its first call"""

    breaks = "any_event_loop"
    loop = None

    async def adeltas(self, request):
        self.loop = self.loop or asyncio.get_running_loop()
        opened = self.loop.create_future()
        self.loop.call_soon(opened.set_result, None)
        await opened
        async for said in super().adeltas(request):
            yield said


class ErrorLeftLying(ReferenceChat):
    """leaves a failed task behind that nobody looks at"""

    breaks = "nothing_leaks"

    async def adeltas(self, request):
        async def fail():
            raise RuntimeError("nobody looks at me")

        asyncio.ensure_future(fail())
        async for said in super().adeltas(request):
            yield said
