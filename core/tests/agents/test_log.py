"""`log_msg` and `log_stream_msg`: the text so far, again and again, and what sinks are told of it."""

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
def _nothing_grows(monkeypatch):
    monkeypatch.setattr(log, "_growing", log._Growing())


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
    told = sink.only
    assert (told.name, told.role, told.message.id) == ("Bob", "user", msg.id)
    assert told.message.metadata == {"mood": "good"}
    assert told.pairs == [(False, "Hi there"), (True, "Hi there")]
    assert (told.outcome.state, told.outcome.finish_reason) == ("complete", "stop")


def test_sinks_get_only_what_is_new(sink):
    _, show = growing()
    show("Hel")
    show("Hello")
    show("Hello")
    show("Hello!", last=True)
    told = sink.only
    assert [(s.offset, s.delta) for s in told.snapshots] == [(0, "Hel"), (3, "lo"), (5, "!"), (6, "")]
    assert told.pairs[-1] == (True, "Hello!")


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
    told = sink.only
    assert told.pairs == [(False, "abc"), (False, "xyz12"), (False, "xyz12!"), (True, "xyz12!")]
    assert told.offsets == [0, 0, 5, 6]


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
    """Whatever the order: every message is told whole, and apart from the others."""
    del sink.told[:]
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
    for told in sink.told:
        number = int(told.name)
        assert "".join(snapshot.delta for snapshot in told.snapshots) == texts[number]
        assert told.pairs[-1] == (True, texts[number])
        assert told.outcome.state == "complete"
        assert told.message.id == growths[number][0].id
    assert len(sink.told) == sum(map(bool, expected))
    assert not log._growing._showings


def test_nothing_is_kept_of_a_message_that_is_over(sink):
    _, show = growing()
    show("Hel")
    assert len(log._growing._showings) == 1
    show("Hello", last=True)
    assert not log._growing._showings


def test_messages_that_never_end_are_bounded_and_closed(sink):
    for number in range(log.MAX_OPEN + 10):
        growing(str(number))[1](f"text {number}")
    assert len(log._growing._showings) == log.MAX_OPEN
    closed = [told for told in sink.told if not told.open]
    assert [told.name for told in closed] == [str(number) for number in range(10)]
    assert closed[0].outcome.state == "failed"
    assert isinstance(closed[0].outcome.error, TruncatedStreamError)
    assert closed[0].outcome.error.partial_text == "text 0"


def test_the_one_that_is_closed_is_the_one_that_stood_still(sink):
    _, first = growing("first")
    first("a")
    for number in range(log.MAX_OPEN - 1):
        growing(str(number))[1]("x")
    first("ab")
    growing("one more")[1]("x")
    assert [told.name for told in sink.told if not told.open] == ["0"]
    first("abc", last=True)
    assert sink.told[0].pairs[-1] == (True, "abc")


def test_after_its_last_a_message_may_be_shown_again(sink):
    msg, show = growing()
    show("one", last=True)
    show("two", last=True)
    first, second = sink.told
    assert first.message.id == second.message.id == msg.id
    assert second.pairs == [(False, "two"), (True, "two")]


def test_a_message_that_is_shown_again_while_it_is_closed(sink):
    msg = Msg("Bob", "again", "assistant")
    close = sink.close

    def close_and_again(message, outcome):
        close(message, outcome)
        if len(sink.told) == 1:
            log_stream_msg(msg, last=True)

    sink.close = close_and_again
    log_stream_msg(msg, last=True)
    assert [told.text for told in sink.told] == ["again", "again"]
    assert all(told.outcome.state == "complete" for told in sink.told)
    assert not log._growing._showings


def test_background_sinks_have_it_when_the_call_returns(sink):
    behind = type(sink)()
    behind.delivery = "background"
    modelstream.init(sinks=[behind])
    log_msg(Msg("Bob", "Hi", "assistant"))
    assert behind.only.pairs == [(False, "Hi"), (True, "Hi")]
    assert behind.only.outcome.state == "complete"


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
    assert sorted(told.name for told in sink.told) == [str(number) for number in range(8)]
    assert all("".join(s.delta for s in told.snapshots) == whole for told in sink.told)
    assert all(told.outcome.state == "complete" for told in sink.told)


def test_threads_that_show_one_message_close_it_once(sink):
    msg = Msg("Bob", "all of it", "assistant")
    threads = [threading.Thread(target=log_stream_msg, args=(msg, last)) for last in [False] * 6 + [True]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log_stream_msg(msg, last=True)
    assert all(len(told.outcomes) == 1 for told in sink.told)
    assert all(told.pairs[0] == (False, "all of it") for told in sink.told)


def test_blocks_are_shown_as_text_and_tool_calls(sink):
    blocks = [
        {"type": "text", "text": "Look:"},
        {"type": "image", "url": "https://example.org/cat.png"},
        {"type": "tool_result", "id": "1", "name": "weather", "output": "sunny"},
        {"type": "tool_use", "id": "2", "name": "search", "input": {"q": "catsé"}},
    ]
    log_msg(Msg("Bob", blocks, "assistant"))
    told = sink.only
    assert told.text == "Look:\nhttps://example.org/cat.png\nsunny"
    (call,) = told.others
    assert (call.id, call.name, call.arguments) == ("2", "search", '{"q": "catsé"}')
    assert told.outcome.tool_calls[0].name == "search"
    assert told.outcome.finish_reason == "tool_calls"


@pytest.mark.parametrize("show", [log_msg, log_stream_msg])
def test_only_messages_are_shown(show, sink):
    with pytest.raises(TypeError, match="show Msg objects, not a str"):
        show("Hi")


def test_a_sink_that_shows_a_message_of_its_own_while_it_is_told_one(sink):
    inner = Msg("sink", "noted", "system")
    sink.close = lambda message, outcome: message.id != inner.id and log_msg(inner)
    log_msg(Msg("Bob", "Hi", "assistant"))
    assert [told.name for told in sink.told] == ["Bob", "sink"]


def test_echo_shows_a_message_as_it_is_made(sink):
    Msg("Bob", "Hi", "assistant", echo=True)
    assert sink.only.text == "Hi"


def test_a_message_is_not_kept_alive_by_having_been_shown(sink):
    msg, show = growing()
    show("Hel")
    ref = weakref.ref(msg)
    del msg, show
    gc.collect()
    assert ref() is None
