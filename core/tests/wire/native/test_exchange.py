"""Requests and answers over real sockets: pools, TLS, proxies, and the end of an exchange."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from modelstream.errors import (
    BadRequestError,
    ConnectionLostError,
    ProviderError,
    StreamTimeoutError,
)
from modelstream.testing.server import Answer, End, Gate, LoopbackServer, refused_url
from modelstream.wire.native import HttpRequest, apost, post, threads, tls

LOCALHOST = Path(__file__).with_name("localhost.pem")
"""A certificate for localhost that signs itself, and its key."""

SOON = 20.0
HELLO = Answer([b"Hel", b"lo"])


class Sync:
    """Answers read by a thread."""

    def texts(self, *urls, headers=None, timeout=SOON):
        """The answers to several requests, sent one after the other."""
        found = []
        for url in urls:
            answer = post(HttpRequest(url, headers or {}, b"{}"), timeout=timeout)
            found.append((answer.status, answer.read()))
            answer.close()
        return found


class Async:
    """Answers read by a coroutine."""

    def texts(self, *urls, headers=None, timeout=SOON):
        async def read():
            found = []
            for url in urls:
                answer = await apost(HttpRequest(url, headers or {}, b"{}"), timeout=timeout)
                found.append((answer.status, await answer.aread()))
                await answer.aclose()
            return found

        with asyncio.Runner(loop_factory=self.new_loop()) as runner:
            return runner.run(read())

    def new_loop(self):
        """Create the event loop."""
        return asyncio.new_event_loop


class Uvloop(Async):
    """The same in the event loop that many servers use."""

    def new_loop(self):
        return pytest.importorskip("uvloop").new_event_loop


@pytest.fixture(params=[Sync, Async, Uvloop])
def http(request):
    yield request.param()
    threads.pool().close()


@pytest.fixture
def server():
    with LoopbackServer() as server:
        server.play(HELLO)
        yield server


@pytest.fixture
def trusting(monkeypatch):
    """This process trusts the certificate of the tests."""
    monkeypatch.setenv("SSL_CERT_FILE", str(LOCALHOST))
    monkeypatch.setattr(tls, "_contexts", [])


class Relay:
    """Listens, and hands each connection to `serve`, until it is closed."""

    def __init__(self):
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def port(self):
        return self._listener.getsockname()[1]

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client):
        with client, suppress(OSError):
            self.serve(client)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(SOON)


def joined(one, other):
    """Carry bytes both ways until one side closes."""

    def carry(source, sink):
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    back = threading.Thread(target=carry, args=(other, one), daemon=True)
    back.start()
    carry(one, other)
    back.join(SOON)


class TlsFront(Relay):
    """TLS for a server that has none."""

    def __init__(self, server):
        self._to = ("127.0.0.1", server.port)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(LOCALHOST)
        super().__init__()

    def serve(self, client):
        with (
            self._context.wrap_socket(client, server_side=True) as secure,
            socket.create_connection(self._to) as server,
        ):
            # A TLS socket is not read and written by two threads at once: the request is sent first.
            server.sendall(secure.recv(65536))
            while data := server.recv(65536):
                secure.sendall(data)


class Tunnels(Relay):
    """A proxy that opens tunnels, or refuses to."""

    def __init__(self, status=b"200 Connection established"):
        self.requests = []
        self._status = status
        super().__init__()

    def serve(self, client):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        self.requests.append(head.decode())
        client.sendall(b"HTTP/1.1 %b\r\n\r\n" % self._status)
        if self._status.startswith(b"200"):
            host, _, port = head.split()[1].decode().rpartition(":")
            with socket.create_connection((host, int(port))) as server:
                joined(client, server)


def test_request_as_it_is_sent(http, server):
    headers = {"Authorization": "Bearer k", "User-Agent": "mine"}
    assert http.texts(f"{server.url}/v1/x?y=1", headers=headers) == [(200, b"Hello")]
    sent = server.requests[0]
    assert (sent.method, sent.path, sent.body) == ("POST", "/v1/x?y=1", b"{}")
    assert sent.headers == {
        "host": f"127.0.0.1:{server.port}",
        "user-agent": "mine",
        "accept-encoding": "identity",
        "authorization": "Bearer k",
        "content-length": "2",
    }


@pytest.mark.parametrize("headers", [{"X": "a\r\nY: b"}, {"X\n": "a"}, {"X": 1}, {"X": "ключ"}])
def test_invalid_headers(http, server, headers):
    with pytest.raises(BadRequestError, match="header"):
        http.texts(server.url, headers=headers)
    assert server.requests == []


# The pool


def test_a_connection_serves_one_call_after_the_other(http, server):
    http.texts(*[server.url] * 3)
    assert len(server.connections) == 1


def test_a_connection_that_the_server_closed_is_not_used_again(http, server):
    server.play(Answer([b"Hello"], framing="close"), HELLO)
    assert http.texts(*[server.url] * 2) == [(200, b"Hello")] * 2
    assert len(server.connections) == 2


def test_a_connection_that_died_while_it_was_idle(server):
    for expected in (1, 2):
        Sync().texts(server.url)
        assert len(server.connections) == expected
        server.connections[-1].shut_down()
        assert server.connections[-1].disconnected.wait(SOON)
    threads.pool().close()


@pytest.mark.parametrize("loop", [Async, Uvloop])
def test_a_connection_that_died_while_its_loop_stood_still(loop, server):
    async def read():
        answer = await apost(HttpRequest(server.url, {}, b"{}"), timeout=SOON)
        assert await answer.aread() == b"Hello"
        await answer.aclose()

    with asyncio.Runner(loop_factory=loop().new_loop()) as runner:
        for expected in (1, 2):
            runner.run(read())
            assert len(server.connections) == expected
            server.connections[-1].shut_down()
            assert server.connections[-1].disconnected.wait(SOON)


def test_an_old_connection_is_not_used_again(http, server, monkeypatch):
    from modelstream.wire.native import loops

    for module in (threads, loops):
        monkeypatch.setattr(module, "IDLE_TIMEOUT", 0.0)
    http.texts(*[server.url] * 2)
    assert len(server.connections) == 2


def test_threads_share_the_pool(server):
    for _ in range(3):
        thread = threading.Thread(target=Sync().texts, args=(server.url,))
        thread.start()
        thread.join()
    assert len(server.connections) == 1
    threads.pool().close()
    assert server.connections[0].disconnected.wait(SOON)


def test_connections_of_a_loop_end_with_it(server):
    Async().texts(server.url)
    assert server.connections[0].disconnected.wait(SOON)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_child_process_has_its_own_pool(server):
    Sync().texts(server.url)
    child = os.fork()
    if not child:
        try:
            os._exit(0 if Sync().texts(server.url) == [(200, b"Hello")] else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert len(server.connections) == 2
    assert Sync().texts(server.url) == [(200, b"Hello")]
    assert len(server.connections) == 2
    threads.pool().close()


# Failures, with the URL in the message


def test_a_refused_connection(http):
    url = refused_url()
    with pytest.raises(ConnectionLostError, match=rf" at {url}/v1$"):
        http.texts(f"{url.replace('//', '//user:secret@')}/v1?key=secret")


@pytest.mark.parametrize("end", [End.CUT, End.RESET])
def test_no_answer(http, server, end):
    server.play(Answer(status=None, end=end))
    with pytest.raises(ConnectionLostError):
        http.texts(server.url)


def test_no_headers_in_time(http, server):
    server.play(Answer(status=None, end=End.SILENCE))
    with pytest.raises(StreamTimeoutError):
        http.texts(server.url, timeout=0.3)
    assert server.connections[0].disconnected.wait(SOON)


def test_a_thread_that_waits_for_the_headers_is_woken(server):
    gate = Gate()
    server.play(Answer(before=gate))
    events = []

    def read():
        try:
            post(HttpRequest(server.url, {}, b"{}"), timeout=None, on_cancel=events.append)
        except ConnectionLostError as error:
            events.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    assert gate.reached.wait(SOON)
    events[0]()
    reader.join(SOON)
    assert isinstance(events[1], ConnectionLostError)
    assert server.connections[0].disconnected.wait(SOON)


def test_a_late_abort_does_not_affect_the_next_call(server):
    first = post(HttpRequest(server.url, {}, b"{}"), timeout=SOON)
    first.drain()
    gate = Gate()
    server.play(Answer([b"Hel", gate, b"lo"]))
    second = post(HttpRequest(server.url, {}, b"{}"), timeout=SOON)
    first.abort()
    gate.open()
    assert second.read() == b"Hello"
    second.close()
    assert len(server.connections) == 1
    threads.pool().close()


def test_a_body_that_does_not_end_is_drained_for_a_moment_only(server, monkeypatch):
    monkeypatch.setattr(threads, "DRAINING", 0.05)
    server.play(Answer([b"Hello"], end=End.SILENCE))
    answer = post(HttpRequest(server.url, {}, b"{}"), timeout=SOON)
    assert next(iter(answer)) == b"Hello"
    answer.drain()
    assert server.connections[0].disconnected.wait(SOON)


def test_a_slow_reader_causes_backpressure(server):
    from modelstream.wire.native import connection as connections

    gate = Gate()
    body = b"x" * (20 * connections.MAX_UNREAD)
    server.play(Answer([body, gate]))

    async def read():
        answer = await apost(HttpRequest(server.url, {}, b"{}"), timeout=SOON)
        connection = answer._connection
        while not connection._paused:  # noqa: ASYNC110 (it has no event to wait for)
            await asyncio.sleep(0)
        assert connection._unread < 3 * connections.MAX_UNREAD
        gate.open()
        read = await answer.aread()
        await answer.aclose()
        return read

    assert asyncio.run(read()) == body


# TLS


def test_tls(http, server, trusting):
    with TlsFront(server) as front:
        assert http.texts(f"https://localhost:{front.port}/x") == [(200, b"Hello")]
        threads.pool().close()
        server.close()


def test_an_untrusted_certificate(http, server, monkeypatch):
    monkeypatch.setattr(tls, "_contexts", [])
    with TlsFront(server) as front, pytest.raises(ConnectionLostError, match="certificate verify failed"):
        http.texts(f"https://localhost:{front.port}/x")


def test_a_certificate_for_another_name(http, server, trusting):
    with TlsFront(server) as front, pytest.raises(ConnectionLostError, match=r"not valid for '127\.0\.0\.1'"):
        http.texts(f"https://127.0.0.1:{front.port}/x")


def test_connections_share_one_tls_context(trusting):
    assert tls.tls_context() is tls.tls_context()


# Proxies


def test_plain_http_through_a_proxy(http, server, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://me:pass@127.0.0.1:{server.port}")
    assert http.texts("http://model.example:81/v1") == [(200, b"Hello")]
    sent = server.requests[0]
    assert (sent.path, sent.headers["host"]) == ("http://model.example:81/v1", "model.example:81")
    assert sent.headers["proxy-authorization"] == "Basic bWU6cGFzcw=="


def test_tls_through_a_tunnel(http, server, trusting, monkeypatch):
    with TlsFront(server) as front, Tunnels() as proxy:
        monkeypatch.setenv("https_proxy", f"http://me:pass@127.0.0.1:{proxy.port}")
        assert http.texts(f"https://localhost:{front.port}/x") == [(200, b"Hello")]
        threads.pool().close()
        server.close()
    assert proxy.requests[0].startswith("CONNECT localhost:")
    assert "Proxy-Authorization: Basic bWU6cGFzcw==" in proxy.requests[0]
    assert "proxy-authorization" not in server.requests[0].headers


def test_a_proxy_that_refuses(http, monkeypatch):
    with Tunnels(b"407 Proxy Authentication Required") as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(ProviderError, match=r"the proxy refused to connect \(HTTP 407\)"):
            http.texts("https://model.example/x")
