"""The loopback server of the tests is tested, too: with plain sockets and http.client."""

from __future__ import annotations

import http.client
import socket
import threading

import pytest

from modelstream.testing.server import Answer, End, Gate, LoopbackServer, refused_url

SOON = 2.0


@pytest.fixture
def server():
    with LoopbackServer() as server:
        yield server


@pytest.fixture
def client(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    yield connection
    connection.close()


def test_answers_follow_the_script_and_the_last_one_stays(server, client):
    server.play(Answer([b"a", b"b"]), Answer.of_json({"x": 1}, 429, {"Retry-After": "3"}))
    client.request("POST", "/path?q=1", b'{"hello":"you"}', {"X-Odd": "yes"})
    response = client.getresponse()
    assert (response.status, response.read(), response.headers["Content-Type"]) == (
        200,
        b"ab",
        "text/event-stream",
    )
    for _ in range(2):
        client.request("GET", "/")
        response = client.getresponse()
        assert (response.status, response.headers["Retry-After"], response.read()) == (429, "3", b'{"x": 1}')
    first = server.requests[0]
    assert (first.method, first.path, first.headers["x-odd"], first.json) == (
        "POST",
        "/path?q=1",
        "yes",
        {"hello": "you"},
    )
    assert len(server.requests) == 3
    assert len(server.connections) == 1


def test_a_request_body_may_be_chunked(server, client):
    server.play(Answer())
    client.request(
        "POST",
        "/",
        iter([b"ab", b"c" * 70_000]),
        encode_chunked=True,
        headers={"Transfer-Encoding": "chunked"},
    )
    assert client.getresponse().read() == b""
    assert server.requests[0].body == b"ab" + b"c" * 70_000


def test_without_a_script_there_is_an_error(server, client):
    client.request("GET", "/")
    assert client.getresponse().status == 500


def test_the_server_waits_at_a_gate(server, client):
    first, second = Gate(), Gate()
    server.play(Answer([b"a", second, b"b"], before=first))
    client.request("GET", "/")
    assert first.reached.wait(SOON)
    assert not second.reached.is_set()
    first.open()
    response = client.getresponse()
    assert response.read(1) == b"a"
    assert second.reached.wait(SOON)
    second.open()
    assert response.read() == b"b"


@pytest.mark.parametrize("framing", ["chunked", "length", "close"])
def test_framings(server, client, framing):
    server.play(Answer([b"ab", b"", b"c"], framing=framing))
    client.request("GET", "/")
    response = client.getresponse()
    assert response.read() == b"abc"
    assert response.will_close == (framing == "close")


def exchanged(server):
    """All that a client receives for one request, and the exception that ended it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        got = b""
        try:
            while piece := sock.recv(1000):
                got += piece
        except ConnectionResetError as error:
            return got, error
        return got, None


def test_cut(server):
    server.play(Answer([b"abc"], end=End.CUT))
    got, error = exchanged(server)
    assert got.endswith(b"3\r\nabc\r\n")
    assert error is None


def test_reset(server):
    # The reset may overtake the body; that it is one is what counts.
    server.play(Answer([b"abc"], end=End.RESET))
    assert isinstance(exchanged(server)[1], ConnectionResetError)


def test_closed_without_a_word(server):
    server.play(Answer(status=None, end=End.CUT))
    assert exchanged(server) == (b"", None)


def test_silence_lasts_until_the_client_goes(server, client):
    server.play(Answer([b"a"], end=End.SILENCE))
    client.request("GET", "/")
    response = client.getresponse()
    assert response.read(1) == b"a"
    assert not server.connections[0].disconnected.is_set()
    response.close()
    client.close()
    assert server.connections[0].disconnected.wait(SOON)


@pytest.mark.parametrize("where", ["at a gate", "before the headers", "between requests", "while sending"])
def test_a_client_that_goes_is_noticed_wherever_the_server_is(server, where):
    gate = Gate()
    answers = {
        "at a gate": Answer([b"a", gate]),
        "before the headers": Answer(before=gate),
        "between requests": Answer([b"a"]),
        "while sending": Answer([b"a" * 1000] * 100_000),
    }
    server.play(answers[where])
    with socket.create_connection(("127.0.0.1", server.port)) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        if where == "before the headers":
            assert gate.reached.wait(SOON)
        else:
            assert sock.recv(10)
    assert server.connections[0].disconnected.wait(SOON)


def test_close_ends_all_threads_whatever_they_wait_for():
    before = threading.active_count()
    server = LoopbackServer()
    server.play(Answer([Gate()]))
    sockets = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
    sockets[0].sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert sockets[0].recv(10)
    server.close()
    assert threading.active_count() == before
    for sock in sockets:
        sock.close()


def test_connections_to_the_refused_url_are_refused():
    host, port = refused_url().removeprefix("http://").split(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))
