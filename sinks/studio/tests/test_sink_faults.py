"""Failures of Studio do not affect the program, and Studio gets what it missed."""

from __future__ import annotations

import socket
import time
from http.client import HTTPConnection

import pytest
from fake_studio import AFTER, BEFORE, HANG, TOKEN, FakeStudio, Memory
from hypothesis import given
from hypothesis import strategies as st

from modelstream import show
from modelstream.deltas import ReasoningDelta
from modelstream.sinks.base import Message, Outcome
from modelstream.snapshot import FixedText, Snapshot
from modelstream.testing import scripted
from modelstream.testing.server import refused_url
from modelstream_studio import Studio
from modelstream_studio.sink import flusher, publisher
from modelstream_studio.sink.address import find
from modelstream_studio.sink.connection import Connection, Unreachable

WORDS = [f"w{number} " for number in range(20)]


class MessageWriter:
    """A message that is written in pieces."""

    def __init__(self, sink, name="A"):
        self.sink = sink
        self.message = Message(name)
        self.text = ""
        sink.open(self.message)

    def write(self, delta):
        offset = len(self.text)
        self.text += delta
        self.sink.write(self.message, Snapshot(delta, False, offset, FixedText(self.text)))

    def end(self):
        self.sink.close(self.message, Outcome("complete", "stop"))


def _shorten_waits(patch):
    patch.setattr(flusher, "FIRST_WAIT", 0.001)
    patch.setattr(flusher, "LONGEST_WAIT", 0.01)
    patch.setattr(flusher, "TICK", 0.001)


@pytest.fixture
def short_waits(monkeypatch):
    _shorten_waits(monkeypatch)


FAULTS = st.sampled_from([None, BEFORE, AFTER, (500,), (503, {"Retry-After": "0"}), (429,)])


@given(plan=st.lists(FAULTS, max_size=12), cuts=st.sets(st.integers(0, 19)))
def test_failures_neither_lose_nor_duplicate_text(plan, cuts):
    with pytest.MonkeyPatch.context() as patch, FakeStudio() as studio:
        _shorten_waits(patch)
        studio.plan.extend(plan)
        sink = Studio(url=studio.url, token=TOKEN)
        writer = MessageWriter(sink)
        for number, word in enumerate(WORDS):
            writer.write(word)
            if number in cuts:
                studio.memory.wait_for(lambda: studio.memory.text_of("A") == writer.text)
        writer.end()
        studio.memory.wait_for(lambda: studio.memory.is_over("A"))
        sink.shutdown()
        assert studio.memory.message_of("A").text == "".join(WORDS)
        assert len(studio.memory.frames) == 1
        assert not studio.memory.refused


def test_a_studio_that_starts_later_gets_everything(short_waits, sinks, warnings):
    url = refused_url()
    sink = sinks(url)
    show(scripted(*WORDS)("", stream=True), name="A", sinks=[sink])
    _until(warnings)
    with FakeStudio(port=int(url.rpartition(":")[2])) as studio:
        studio.memory.wait_for(lambda: studio.memory.is_over("A"))
        assert studio.memory.message_of("A").text == "".join(WORDS)
        _until(lambda: len(warnings()) == 2)
    unreachable, back = warnings()
    assert unreachable.startswith(f"Studio at {url}: Connection refused. Messages are kept")
    assert "`modelstream studio`" in unreachable
    assert back == f"Studio at {url} is reachable again, and receives what it missed"


def test_studio_is_restarted_during_a_message(short_waits, sinks, warnings):
    memory = Memory()
    with FakeStudio(memory) as studio:
        sink = sinks(studio.url)
        writer = MessageWriter(sink)
        writer.write("before ")
        memory.wait_for(lambda: memory.text_of("A"))
    writer.write("meanwhile ")
    _until(lambda: sink._session._trouble._since is not None)
    with FakeStudio(memory, studio.port):
        writer.write("after")
        writer.end()
        memory.wait_for(lambda: memory.is_over("A"))
        assert memory.message_of("A").text == "before meanwhile after"
        sink.shutdown()
    assert warnings() == []  # a short interruption is not logged


def test_studio_is_restarted_without_its_data(short_waits, sinks):
    with FakeStudio() as studio:
        sink = sinks(studio.url)
        ended, writer = MessageWriter(sink, "over"), MessageWriter(sink)
        ended.end()
        writer.write("before ")
        studio.memory.wait_for(lambda: studio.memory.text_of("A"))
    with FakeStudio(Memory(), studio.port) as other:
        writer.write("after")
        other.memory.wait_for(lambda: other.memory.text_of("A") == "before after")
        writer.end()
        other.memory.wait_for(lambda: other.memory.is_over("A"))
        assert other.memory.message_of("A").text == "before after"


def test_a_hanging_studio_does_not_block_the_program(monkeypatch, studio, sinks, warnings):
    monkeypatch.setattr(publisher, "ANSWER_SECONDS", 0.2)
    studio.plan.extend([HANG])
    sink = sinks(studio.url)
    writer = MessageWriter(sink)
    began = time.monotonic()
    for _ in range(10_000):
        writer.write("x")
    writer.end()
    assert time.monotonic() - began < 5  # waiting for an answer to each would take half an hour
    studio.memory.wait_for(lambda: studio.memory.is_over("A"))
    assert studio.memory.message_of("A").text == writer.text
    assert "no answer in time" in warnings()[0]


def test_a_hanging_studio_delays_the_end_by_a_second_at_most(studio, sinks, warnings):
    studio.plan.extend([HANG] * 9)
    sink = sinks(studio.url)
    MessageWriter(sink).write("x")
    _until(lambda: studio.seen)
    began = time.monotonic()
    sink.shutdown()
    assert time.monotonic() - began < publisher.ANSWER_SECONDS - 1
    assert warnings()[-1] == "Studio did not receive everything before the program ended"


def test_a_missing_studio_does_not_delay_the_end(sinks, monkeypatch):
    monkeypatch.setattr("modelstream_studio.sink.sink.EXIT_SECONDS", 10.0)  # longer than the test allows
    sink = sinks(refused_url())
    show("x", sinks=[sink])
    began = time.monotonic()
    sink.shutdown()
    assert time.monotonic() - began < 5


def test_a_wrong_token_is_logged_once_with_how_to_fix_it(short_waits, studio, sinks, warnings):
    sink = sinks(studio.url, token="wrong")
    show("x", sinks=[sink])
    _until(lambda: len(studio.seen) > 3)
    (unreachable,) = warnings()
    assert "it does not accept the token (401)" in unreachable
    assert "MODELSTREAM_STUDIO_TOKEN" in unreachable


def test_retry_after_is_followed(studio, sinks):
    studio.plan.append((429, {"Retry-After": "1"}))
    sink = sinks(studio.url)
    began = time.monotonic()
    MessageWriter(sink).end()
    studio.memory.wait_for(lambda: studio.memory.is_over("A"))
    assert time.monotonic() - began >= 1.0


def test_a_server_that_is_not_a_studio_is_reported(short_waits, sinks, warnings):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        sink = sinks(f"http://127.0.0.1:{server.getsockname()[1]}")
        show("x", sinks=[sink])
        with server.accept()[0] as connection:
            connection.recv(10_000)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            _until(warnings)
    assert "the server there is not a Studio" in warnings()[0]


def test_beyond_the_limit_an_open_message_loses_nothing(short_waits, sinks):
    url = refused_url()
    sink = sinks(url, limit=2000)
    writer = MessageWriter(sink)
    for number in range(300):
        writer.write(f"{number} ")
        time.sleep(0.001)
    with FakeStudio(port=int(url.rpartition(":")[2])) as studio:
        studio.memory.wait_for(lambda: studio.memory.messages)
        writer.write("end")
        writer.end()
        studio.memory.wait_for(lambda: studio.memory.is_over("A"))
        stored = studio.memory.message_of("A")
        assert (stored.text, stored.lost) == (writer.text, 0)


def test_beyond_the_limit_lost_characters_are_counted(short_waits, sinks):
    url = refused_url()
    sink = sinks(url, limit=500)
    names = [f"A{number}" for number in range(10)]
    for name in names:
        writer = MessageWriter(sink, name)
        writer.write("x" * 1000)
        sink.write_delta(writer.message, ReasoningDelta("y" * 10))
        writer.end()
    with FakeStudio(port=int(url.rpartition(":")[2])) as studio:
        studio.memory.wait_for(lambda: studio.memory.is_over(names[-1]))
        messages = [studio.memory.message_of(name) for name in names]
    assert all(len(stored.text) + len(stored.reasoning) + stored.lost == 1010 for stored in messages)
    assert sum(stored.lost for stored in messages) > 8000


def _until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:g} s"
        time.sleep(0.005)


def test_a_connection_that_is_aborted_while_it_connects_sends_nothing(studio, monkeypatch):
    connection = Connection(find(studio.url, TOKEN), 20.0)
    connect = HTTPConnection.connect

    def abort_first(self):
        connection.abort()  # there is no socket yet
        connect(self)

    monkeypatch.setattr(HTTPConnection, "connect", abort_first)
    with pytest.raises(Unreachable, match="no longer wanted"):
        connection.request("GET", "/v1/commands?producer=x&after=0")
