"""Wrappers whose calls share what each should have for itself."""

import http.client
import threading
from urllib.parse import urlsplit

from reference import Frames, ReferenceChat


class PartsShared(ReferenceChat):
    """keeps the beginnings of frames on the wrapper, for all answers"""

    breaks = "half_a_frame"

    def __init__(self, *args, **fields):
        super().__init__(*args, **fields)
        self.shared = ReferenceChat.Lines()
        self.Lines = lambda: self.shared


class ShownShared(ReferenceChat):
    """keeps on the wrapper how much was shown, to find out what is new"""

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
    """holds a lock for as long as an answer takes"""

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
    """has one connection for all calls, and ends the one before"""

    breaks = "many_at_once"
    connection = None

    def send(self, connection, request):
        if self.connection is not None and self.connection.sock is not None:
            self.wake(self.connection.sock)
        self.connection = connection
        return super().send(connection, request)


class OneAddress(ReferenceChat):
    """keeps its address where all wrappers have theirs"""

    breaks = "wrappers_independent"
    base_url = None

    def __init__(self, *args, **fields):
        super().__init__(*args, **fields)
        OneAddress.base_url = self.config.base_url

    def address(self):
        url = urlsplit(OneAddress.base_url)
        return url.hostname, url.port


class LateClose(ReferenceChat):
    """shuts down, when a response is closed late, the connection that the next one has"""

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


class AskedTwice(ReferenceChat):
    """asks once to see whether the provider is there, and then for the answer"""

    breaks = "one_call"

    def send(self, connection, request):
        probe = http.client.HTTPConnection(*self.address())
        super().send(probe, request).close()
        self.close(probe)
        return super().send(connection, request)
