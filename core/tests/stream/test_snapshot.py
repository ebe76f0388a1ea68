"""A snapshot behaves as the pair `(last, text)`, and joins its text only when that is read."""

from __future__ import annotations

import copy
import pickle
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import SyncScripted

from modelstream.call.delta_log import DeltaLog
from modelstream.deltas import Finish
from modelstream.snapshot import Snapshot, whole


def streamed() -> list[Snapshot]:
    """Snapshots of a real stream; the third is like the second but for `last`."""
    return list(SyncScripted(["Hel", "lo", Finish()])("hi").stream)


@pytest.fixture(params=["streamed", "whole", "pickled", "copied"])
def hello(request: pytest.FixtureRequest) -> Snapshot:
    """`(False, "Hello")`, created in different ways."""
    snapshot = streamed()[1]
    factories = {
        "streamed": lambda: snapshot,
        "whole": lambda: whole("Hello", last=False),
        "pickled": lambda: pickle.loads(pickle.dumps(snapshot)),
        "copied": lambda: copy.copy(snapshot),
    }
    return factories[request.param]()


def test_it_is_taken_apart_like_the_pair(hello: Snapshot) -> None:
    last, text = hello
    assert (last, text) == (False, "Hello")
    assert hello[0] is False
    assert hello[1] == hello[-1] == "Hello"
    assert hello[-2] is False
    assert hello[:] == (False, "Hello")
    assert hello[1:] == ("Hello",)
    assert hello[::-1] == ("Hello", False)
    assert list(reversed(hello)) == ["Hello", False]
    assert tuple(hello) == (False, "Hello")
    assert dict([hello]) == {False: "Hello"}
    assert len(hello) == 2
    with pytest.raises(IndexError):
        _ = hello[2]
    with pytest.raises(TypeError):
        _ = hello["text"]


def test_it_is_passed_on_like_the_pair(hello: Snapshot) -> None:
    def show(last: bool, text: str) -> str:
        return f"{last} {text}"

    assert show(*hello) == "False Hello"
    assert "{} {}".format(*hello) == "False Hello"
    assert [text for last, text in [hello]] == ["Hello"]
    assert "Hello" in hello
    assert False in hello
    assert "Hel" not in hello


def test_it_compares_like_the_pair(hello: Snapshot) -> None:
    first, second, third = streamed()
    assert hello == (False, "Hello")
    assert hello == (False, "Hello")
    assert hello == second
    assert hello != first
    assert hello != third
    assert third != second
    assert third == (True, "Hello")
    assert not hello != second  # noqa: SIM202
    for other in [(False,), (False, "Hel"), (False, "Hello", 1), [False, "Hello"], "Hello", None, 0]:
        assert hello != other
        assert not hello == other  # noqa: SIM201
    assert hash(hello) == hash((False, "Hello"))
    assert {(False, "Hello"): 1}[hello] == 1  # type: ignore[index]
    assert hello in [(True, "Hello"), (False, "Hello")]


def test_it_prints_like_the_pair(hello: Snapshot) -> None:
    assert repr(hello) == str(hello) == f"{hello}" == "(False, 'Hello')"


def test_it_is_true_and_cannot_be_changed(hello: Snapshot) -> None:
    assert hello
    assert whole("", last=False)
    with pytest.raises(AttributeError):
        hello.last = True  # type: ignore[misc]
    with pytest.raises(TypeError):
        hello[0] = True  # type: ignore[index]


def test_delta_and_offset_survive_a_pickle(hello: Snapshot) -> None:
    again = pickle.loads(pickle.dumps(hello))
    assert (again.last, again.text, again.delta, again.offset) == (False, "Hello", hello.delta, hello.offset)
    assert copy.deepcopy(hello) == hello


def test_a_pickle_holds_the_text_and_nothing_else() -> None:
    """Not the transcript: that has locks, and the rest of the answer."""
    first = streamed()[0]
    assert pickle.loads(pickle.dumps(first)) == (False, "Hel")
    assert len(pickle.dumps(first)) < 200


@given(text=st.text(), last=st.booleans())
def test_a_whole_text_is_one_snapshot(text: str, last: bool) -> None:
    snapshot = whole(text, last)
    assert snapshot == (last, text)
    assert snapshot.text[snapshot.offset :] == snapshot.delta
    assert hash(snapshot) == hash((last, text))
    assert repr(snapshot) == repr((last, text))


class Counting:
    """A source that counts how often its text is read."""

    def __init__(self) -> None:
        self.reads = 0

    def text_to(self, end: int) -> str:
        self.reads += 1
        return "x" * end


def test_its_text_is_not_joined_until_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Counting()
    snapshot = Snapshot("xx", False, 3, source)
    assert (snapshot.delta, snapshot.offset, snapshot.last) == ("xx", 3, False)
    assert len(snapshot) == 2
    assert source.reads == 0
    assert snapshot.text == "xxxxx"
    assert source.reads == 1


def test_reading_deltas_of_a_stream_joins_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    response = SyncScripted(["word "] * 5000 + [Finish()])("hi")
    reads: list[Any] = []
    joined = DeltaLog.text
    monkeypatch.setattr(DeltaLog, "text_to", lambda self, end: reads.append(end))
    monkeypatch.setattr(DeltaLog, "text", property(reads.append))
    pieces = [snapshot.delta for snapshot in response.stream]
    assert not reads
    assert "".join(pieces) == joined.fget(response._transcript.log)


def test_many_threads_read_one_snapshot() -> None:
    snapshots = streamed()
    texts: list[str] = []
    threads = [threading.Thread(target=lambda: texts.extend(s.text for s in snapshots)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == ["Hel", "Hello", "Hello"] * 8
