"""`log_msg` and `log_stream_msg`: callers pass the text so far, sinks get what is new."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import modelstream
from modelstream import Msg, TruncatedStreamError, log_msg, log_stream_msg
from modelstream.agents import log


@pytest.fixture(autouse=True)
def _no_open_messages(monkeypatch):
    monkeypatch.setattr(log, "_open_messages", log._OpenMessages())


def growing(name="Bob"):
    """A message, and a function that shows it with the text so far."""
    msg = Msg(name, "", "assistant")

    def show(text, last=False):
        msg.content = text
        log_stream_msg(msg, last=last)

    return msg, show


def test_a_message_as_a_whole(sink):
    msg = Msg("Bob", "Hi there", "user", metadata={"mood": "good"})
    log_msg(msg)
    record = sink.only
    assert (record.name, record.role, record.message.id) == ("Bob", "user", msg.id)
    assert record.message.metadata == {"mood": "good"}
    assert record.pairs == [(False, "Hi there"), (True, "Hi there")]
    assert (record.outcome.state, record.outcome.finish_reason) == ("complete", "stop")


def test_sinks_get_only_what_is_new(sink):
    _, show = growing()
    show("Hel")
    show("Hello")
    show("Hello")
    show("Hello!", last=True)
    record = sink.only
    assert [(s.offset, s.delta) for s in record.snapshots] == [(0, "Hel"), (3, "lo"), (5, "!"), (6, "")]
    assert record.pairs[-1] == (True, "Hello!")


def test_it_is_shown_the_moment_it_is_logged(sink):
    _, show = growing()
    show("Hel")
    assert sink.only.pairs == [(False, "Hel")]
    assert sink.only.open


def test_a_first_call_that_is_the_last_one(sink):
    _, show = growing()
    show("Hello", last=True)
    assert sink.only.pairs == [(False, "Hello"), (True, "Hello")]
    assert sink.only.outcome.state == "complete"


def test_last_is_the_default(sink):
    log_stream_msg(Msg("Bob", "Hello", "assistant"))
    assert sink.only.outcome.state == "complete"


def test_an_empty_message(sink):
    log_msg(Msg("Bob", None, "assistant"))
    assert sink.only.pairs == [(True, "")]


def test_text_that_does_not_continue_is_shown_afresh(sink):
    _, show = growing()
    show("abc")
    show("xyz12")
    show("xyz12!", last=True)
    record = sink.only
    assert record.pairs == [(False, "abc"), (False, "xyz12"), (False, "xyz12!"), (True, "xyz12!")]
    assert record.offsets == [0, 0, 5, 6]


def test_text_that_shrinks_and_grows_again_is_shown_afresh(sink):
    _, show = growing()
    show("abcdef")
    show("abc")
    show("abcX", last=True)
    assert sink.only.pairs[-1] == (True, "abcX")


@given(
    steps=st.lists(st.tuples(st.integers(0, 3), st.text("ab é👍\n", max_size=4), st.booleans()), max_size=30)
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_messages_may_grow_side_by_side(sink, steps):
    """Whatever the order: every message is shown whole, and apart from the others."""
    del sink.records[:]
    texts = [""] * 4
    growths = [growing(str(number)) for number in range(4)]
    expected = [[] for _ in range(4)]
    for number, piece, last in steps:
        if expected[number] and expected[number][-1] is True:
            continue
        texts[number] += piece
        growths[number][1](texts[number], last=last)
        expected[number].append(last)
    for number in range(4):
        if expected[number] and expected[number][-1] is False:
            growths[number][1](texts[number], last=True)
    for record in sink.records:
        number = int(record.name)
        assert "".join(snapshot.delta for snapshot in record.snapshots) == texts[number]
        assert record.pairs[-1] == (True, texts[number])
        assert record.outcome.state == "complete"
        assert record.message.id == growths[number][0].id
    assert len(sink.records) == sum(map(bool, expected))
    assert not log._open_messages._messages


def test_nothing_is_kept_of_a_message_that_is_over(sink):
    _, show = growing()
    show("Hel")
    assert len(log._open_messages._messages) == 1
    show("Hello", last=True)
    assert not log._open_messages._messages


def test_messages_that_never_end_are_bounded_and_closed(sink):
    for number in range(log.MAX_OPEN + 10):
        growing(str(number))[1](f"text {number}")
    assert len(log._open_messages._messages) == log.MAX_OPEN
    closed = [record for record in sink.records if not record.open]
    assert [record.name for record in closed] == [str(number) for number in range(10)]
    assert closed[0].outcome.state == "failed"
    assert isinstance(closed[0].outcome.error, TruncatedStreamError)
    assert closed[0].outcome.error.partial_text == "text 0"


def test_the_least_recently_used_message_is_closed(sink):
    _, first = growing("first")
    first("a")
    for number in range(log.MAX_OPEN - 1):
        growing(str(number))[1]("x")
    first("ab")
    growing("one more")[1]("x")
    assert [record.name for record in sink.records if not record.open] == ["0"]
    first("abc", last=True)
    assert sink.records[0].pairs[-1] == (True, "abc")


def test_after_its_last_a_message_may_be_shown_again(sink):
    msg, show = growing()
    show("one", last=True)
    show("two", last=True)
    first, second = sink.records
    assert first.message.id == second.message.id == msg.id
    assert second.pairs == [(False, "two"), (True, "two")]


def test_a_message_that_is_shown_again_while_it_is_closed(sink):
    msg = Msg("Bob", "again", "assistant")
    close = sink.close

    def close_and_again(message, outcome):
        close(message, outcome)
        if len(sink.records) == 1:
            log_stream_msg(msg, last=True)

    sink.close = close_and_again
    log_stream_msg(msg, last=True)
    assert [record.text for record in sink.records] == ["again", "again"]
    assert all(record.outcome.state == "complete" for record in sink.records)
    assert not log._open_messages._messages


def test_background_sinks_have_the_message_when_the_call_returns(sink):
    background = type(sink)()
    background.delivery = "background"
    modelstream.init(sinks=[background])
    log_msg(Msg("Bob", "Hi", "assistant"))
    assert background.only.pairs == [(False, "Hi"), (True, "Hi")]
    assert background.only.outcome.state == "complete"


def test_threads_show_their_messages_at_the_same_time(sink):
    def speak(number):
        _, show = growing(str(number))
        text = ""
        for step in range(50):
            text += f"{step} "
            show(text)
        show(text, last=True)

    threads = [threading.Thread(target=speak, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = "".join(f"{step} " for step in range(50))
    assert sorted(record.name for record in sink.records) == [str(number) for number in range(8)]
    assert all("".join(s.delta for s in record.snapshots) == whole for record in sink.records)
    assert all(record.outcome.state == "complete" for record in sink.records)


def test_threads_that_show_one_message_close_it_once(sink):
    msg = Msg("Bob", "all of it", "assistant")
    threads = [threading.Thread(target=log_stream_msg, args=(msg, last)) for last in [False] * 6 + [True]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log_stream_msg(msg, last=True)
    assert all(len(record.outcomes) == 1 for record in sink.records)
    assert all(record.pairs[0] == (False, "all of it") for record in sink.records)


def test_blocks_are_shown_as_text_and_tool_calls(sink):
    blocks = [
        {"type": "text", "text": "Look:"},
        {"type": "image", "url": "https://example.org/cat.png"},
        {"type": "tool_result", "id": "1", "name": "weather", "output": "sunny"},
        {"type": "tool_use", "id": "2", "name": "search", "input": {"q": "catsé"}},
    ]
    log_msg(Msg("Bob", blocks, "assistant"))
    record = sink.only
    assert record.text == "Look:\nhttps://example.org/cat.png\nsunny"
    (call,) = record.others
    assert (call.id, call.name, call.arguments) == ("2", "search", '{"q": "catsé"}')
    assert record.outcome.tool_calls[0].name == "search"
    assert record.outcome.finish_reason == "tool_calls"


@pytest.mark.parametrize("show", [log_msg, log_stream_msg])
def test_only_messages_are_shown(show, sink):
    with pytest.raises(TypeError, match="show Msg objects, not a str"):
        show("Hi")


def test_a_sink_may_show_a_message_while_it_handles_another(sink):
    inner = Msg("sink", "noted", "system")
    sink.close = lambda message, outcome: message.id != inner.id and log_msg(inner)
    log_msg(Msg("Bob", "Hi", "assistant"))
    assert [record.name for record in sink.records] == ["Bob", "sink"]


def test_echo_shows_a_message_when_it_is_created(sink):
    Msg("Bob", "Hi", "assistant", echo=True)
    assert sink.only.text == "Hi"


def test_a_message_is_not_kept_alive_by_having_been_shown(sink):
    msg, show = growing()
    show("Hel")
    ref = weakref.ref(msg)
    del msg, show
    gc.collect()
    assert ref() is None
