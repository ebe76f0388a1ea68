# ruff: noqa: ASYNC251, BLE001, RUF006 (they are wrong on purpose)
"""Wrappers that block the event loop, or depend on one."""

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
        for item in self.deltas(request):
            yield item


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

            async for item in self.astreamed(pieces()):
                yield item
        finally:
            self.wake(connection.sock)
            connection.close()


class BlocksTheLoopInWhole(ReferenceChat):
    """runs the sync code in coroutines without streaming"""

    breaks = "event_loop_not_blocked"

    async def adeltas(self, request):
        if request.stream:
            async for item in super().adeltas(request):
                yield item
            return
        for item in self.deltas(request):
            yield item


class SleepsInTheLoop(ReferenceChat):
    """polls its queue with `time.sleep`, also in the event loop"""

    breaks = "event_loop_not_blocked"

    async def adeltas(self, request):
        items = queue.SimpleQueue()

        def work():
            try:
                for item in self.deltas(request):
                    items.put((item, None))
            except Exception as error:
                items.put((None, error))
            items.put(items)

        threading.Thread(target=work, daemon=True).start()
        while True:
            while items.empty():
                time.sleep(0.001)
            item = items.get()
            if item is items:
                return
            if item[1] is not None:
                raise item[1]
            yield item[0]


class CancelSwallowed(ReferenceChat):
    """continues reading when its task is cancelled"""

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
    """depends on the event loop of its first call"""

    breaks = "any_event_loop"
    loop = None

    async def adeltas(self, request):
        self.loop = self.loop or asyncio.get_running_loop()
        opened = self.loop.create_future()
        self.loop.call_soon(opened.set_result, None)
        await opened
        async for item in super().adeltas(request):
            yield item


class ErrorLeftLying(ReferenceChat):
    """leaves a failed task whose error is never retrieved"""

    breaks = "nothing_leaks"

    async def adeltas(self, request):
        async def fail():
            raise RuntimeError("never retrieved")

        asyncio.ensure_future(fail())
        async for item in super().adeltas(request):
            yield item
