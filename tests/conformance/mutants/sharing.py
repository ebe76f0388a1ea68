"""Wrappers whose calls share state that each call needs for itself."""

import http.client
import threading
from urllib.parse import urlsplit

from reference import Frames, ReferenceChat


class PartsShared(ReferenceChat):
    """keeps incomplete frames on the wrapper, for all answers"""

    breaks = "half_a_frame"

    def __init__(self, *args, **fields):
        super().__init__(*args, **fields)
        self.shared = ReferenceChat.Lines()
        self.Lines = lambda: self.shared


class ShownShared(ReferenceChat):
    """keeps the length of the shown text on the wrapper"""

    breaks = "streams_independent"

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
    """holds a lock until an answer ends"""

    breaks = "streams_independent"
    lock = threading.Lock()

    def deltas(self, request):
        if not self.lock.acquire(timeout=3):
            raise TimeoutError("another answer is being written")
        try:
            yield from super().deltas(request)
        finally:
            self.lock.release()


class OneConnection(ReferenceChat):
    """has one connection for all calls, and closes the previous one"""

    breaks = "many_at_once"
    connection = None

    def send(self, connection, request):
        if self.connection is not None and self.connection.sock is not None:
            self.wake(self.connection.sock)
        self.connection = connection
        return super().send(connection, request)


class OneAddress(ReferenceChat):
    """keeps its URL on the class, shared by all wrappers"""

    breaks = "wrappers_independent"
    base_url = None

    def __init__(self, *args, **fields):
        super().__init__(*args, **fields)
        OneAddress.base_url = self.config.base_url

    def address(self):
        url = urlsplit(OneAddress.base_url)
        return url.hostname, url.port


class LateClose(ReferenceChat):
    """closes the connection of the next response when a response is closed late"""

    breaks = "close_after_the_end"

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


class ProbesFirst(ReferenceChat):
    """sends one request to check the provider, and then the real one"""

    breaks = "one_call"

    def send(self, connection, request):
        probe = http.client.HTTPConnection(*self.address())
        super().send(probe, request).close()
        self.close(probe)
        return super().send(connection, request)
