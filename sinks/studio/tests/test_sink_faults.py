"""Whatever Studio does, the program goes on, and Studio gets what it missed."""

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


class Telling:
    """A message that is told bit by bit."""

    def __init__(self, sink, name="A"):
        self.sink = sink
        self.message = Message(name)
        self.text = ""
        sink.open(self.message)

    def say(self, delta):
        offset = len(self.text)
        self.text += delta
        self.sink.write(self.message, Snapshot(delta, False, offset, FixedText(self.text)))

    def end(self):
        self.sink.close(self.message, Outcome("complete", "stop"))


def _hurry(patch):
    patch.setattr(flusher, "FIRST_WAIT", 0.001)
    patch.setattr(flusher, "LONGEST_WAIT", 0.01)
    patch.setattr(flusher, "TICK", 0.001)


@pytest.fixture
def hasty(monkeypatch):
    _hurry(monkeypatch)


FAULTS = st.sampled_from([None, BEFORE, AFTER, (500,), (503, {"Retry-After": "0"}), (429,)])


@given(plan=st.lists(FAULTS, max_size=12), cuts=st.sets(st.integers(0, 19)))
def test_no_failure_loses_or_doubles_anything(plan, cuts):
    with pytest.MonkeyPatch.context() as patch, FakeStudio() as studio:
        _hurry(patch)
        studio.plan.extend(plan)
        sink = Studio(url=studio.url, token=TOKEN)
        telling = Telling(sink)
        for number, word in enumerate(WORDS):
            telling.say(word)
            if number in cuts:
                studio.memory.wait_for(lambda: studio.memory.text_of("A") == telling.text)
        telling.end()
        studio.memory.wait_for(lambda: studio.memory.is_over("A"))
        sink.shutdown()
        assert studio.memory.of_name("A").text == "".join(WORDS)
        assert len(studio.memory.frames) == 1
        assert not studio.memory.refused


def test_studio_comes_late_and_gets_everything(hasty, sinks, warnings):
    url = refused_url()
    sink = sinks(url)
    show(scripted(*WORDS)("", stream=True), name="A", sinks=[sink])
    _until(warnings)
    with FakeStudio(port=int(url.rpartition(":")[2])) as studio:
        studio.memory.wait_for(lambda: studio.memory.is_over("A"))
        assert studio.memory.of_name("A").text == "".join(WORDS)
        _until(lambda: len(warnings()) == 2)
    told, back = warnings()
    assert told.startswith(f"Studio at {url}: Connection refused. Messages are kept")
    assert "`modelstream studio`" in told
    assert back == f"Studio at {url} is reachable again, and receives what it missed"


def test_studio_is_restarted_in_the_middle(hasty, sinks, warnings):
    memory = Memory()
    with FakeStudio(memory) as studio:
        sink = sinks(studio.url)
        telling = Telling(sink)
        telling.say("before ")
        memory.wait_for(lambda: memory.text_of("A"))
    telling.say("meanwhile ")
    _until(lambda: sink._session._trouble._since is not None)
    with FakeStudio(memory, studio.port):
        telling.say("after")
        telling.end()
        memory.wait_for(lambda: memory.is_over("A"))
        assert memory.of_name("A").text == "before meanwhile after"
        sink.shutdown()
    assert warnings() == []  # so short a time is not worth a word


def test_studio_loses_its_memory(hasty, sinks):
    with FakeStudio() as studio:
        sink = sinks(studio.url)
        over, telling = Telling(sink, "over"), Telling(sink)
        over.end()
        telling.say("before ")
        studio.memory.wait_for(lambda: studio.memory.text_of("A"))
    with FakeStudio(Memory(), studio.port) as other:
        telling.say("after")
        other.memory.wait_for(lambda: other.memory.text_of("A") == "before after")
        telling.end()
        other.memory.wait_for(lambda: other.memory.is_over("A"))
        assert other.memory.of_name("A").text == "before after"


def test_a_hung_studio_holds_up_nobody(monkeypatch, studio, sinks, warnings):
    monkeypatch.setattr(publisher, "ANSWER_SECONDS", 0.2)
    studio.plan.extend([HANG])
    sink = sinks(studio.url)
    telling = Telling(sink)
    began = time.monotonic()
    for _ in range(10_000):
        telling.say("x")
    telling.end()
    assert time.monotonic() - began < 5  # to wait for one answer each would take half an hour
    studio.memory.wait_for(lambda: studio.memory.is_over("A"))
    assert studio.memory.of_name("A").text == telling.text
    assert "no answer in time" in warnings()[0]


def test_a_hung_studio_holds_up_the_end_for_a_second_at_most(studio, sinks, warnings):
    studio.plan.extend([HANG] * 9)
    sink = sinks(studio.url)
    Telling(sink).say("x")
    _until(lambda: studio.seen)
    began = time.monotonic()
    sink.shutdown()
    assert time.monotonic() - began < publisher.ANSWER_SECONDS - 1
    assert warnings()[-1] == "Studio did not receive everything before the program ended"


def test_a_studio_that_is_not_there_does_not_hold_up_the_end(sinks, monkeypatch):
    monkeypatch.setattr("modelstream_studio.sink.sink.EXIT_SECONDS", 10.0)  # which are not waited for
    sink = sinks(refused_url())
    show("x", sinks=[sink])
    began = time.monotonic()
    sink.shutdown()
    assert time.monotonic() - began < 5


def test_a_wrong_token_is_told_once_with_the_way_out(hasty, studio, sinks, warnings):
    sink = sinks(studio.url, token="wrong")
    show("x", sinks=[sink])
    _until(lambda: len(studio.seen) > 3)
    (told,) = warnings()
    assert "it does not accept the token (401)" in told
    assert "MODELSTREAM_STUDIO_TOKEN" in told


def test_retry_after_is_heeded(studio, sinks):
    studio.plan.append((429, {"Retry-After": "1"}))
    sink = sinks(studio.url)
    began = time.monotonic()
    Telling(sink).end()
    studio.memory.wait_for(lambda: studio.memory.is_over("A"))
    assert time.monotonic() - began >= 1.0


def test_a_server_that_is_not_a_studio_is_reported(hasty, sinks, warnings):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        sink = sinks(f"http://127.0.0.1:{server.getsockname()[1]}")
        show("x", sinks=[sink])
        with server.accept()[0] as connection:
            connection.recv(10_000)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            _until(warnings)
    assert "the server there is not a Studio" in warnings()[0]


def test_beyond_the_limit_an_open_message_loses_nothing(hasty, sinks):
    url = refused_url()
    sink = sinks(url, limit=2000)
    telling = Telling(sink)
    for number in range(300):
        telling.say(f"{number} ")
        time.sleep(0.001)
    with FakeStudio(port=int(url.rpartition(":")[2])) as studio:
        studio.memory.wait_for(lambda: studio.memory.messages)
        telling.say("end")
        telling.end()
        studio.memory.wait_for(lambda: studio.memory.is_over("A"))
        kept = studio.memory.of_name("A")
        assert (kept.text, kept.lost) == (telling.text, 0)


def test_beyond_the_limit_what_is_lost_is_counted(hasty, sinks):
    url = refused_url()
    sink = sinks(url, limit=500)
    names = [f"A{number}" for number in range(10)]
    for name in names:
        telling = Telling(sink, name)
        telling.say("x" * 1000)
        sink.write_delta(telling.message, ReasoningDelta("y" * 10))
        telling.end()
    with FakeStudio(port=int(url.rpartition(":")[2])) as studio:
        studio.memory.wait_for(lambda: studio.memory.is_over(names[-1]))
        found = [studio.memory.of_name(name) for name in names]
    assert all(len(kept.text) + len(kept.reasoning) + kept.lost == 1010 for kept in found)
    assert sum(kept.lost for kept in found) > 8000


def _until(true, seconds=20.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds:g} s"
        time.sleep(0.005)


def test_a_connection_that_is_given_up_while_it_comes_about_asks_nothing(studio, monkeypatch):
    connection = Connection(find(studio.url, TOKEN), 20.0)
    connect = HTTPConnection.connect

    def given_up(self):
        connection.abort()  # there is no socket yet
        connect(self)

    monkeypatch.setattr(HTTPConnection, "connect", given_up)
    with pytest.raises(Unreachable, match="no longer wanted"):
        connection.request("GET", "/v1/commands?producer=x&after=0")
