"""A log is read by everybody in their own time, and nobody keeps what all have read."""

from __future__ import annotations

import threading
import weakref

from hypothesis import given
from hypothesis import strategies as st
from witness import LIMIT, state_after

from modelstream import Message, ReasoningDelta
from modelstream.sinks.delivery.queue import Log, Reader


class Text(str):
    """A str whose end can be seen."""

    __slots__ = ("__weakref__",)


def reader_of(log, limit=10):
    return Reader(log, limit, announce=lambda reader: None)


def write(log, letters):
    for letter in letters:
        log.newest.news.append(ReasoningDelta(letter))
        if len(log.newest.news) >= log.size:
            log.turn_page()


def thoughts(news):
    return state_after(news)[1]


@given(st.lists(st.sampled_from(["write", "take", "hold"]), max_size=30), st.integers(1, 7))
def test_every_reader_gets_everything_in_order(steps, size):
    log = Log(Message(), size)
    readers = [reader_of(log, 3), reader_of(log, 3)]
    read = [[], []]
    written = ""
    for number, step in enumerate(steps):
        if step == "write":
            letters = "abcdefgh"[: number % 8]
            write(log, letters)
            written += letters
        elif step == "hold":
            readers[number % 2].hold()
        else:
            read[number % 2] += readers[number % 2].take()
    for reader, news in zip(readers, read, strict=True):
        assert reader.has_news == (thoughts(news) != written)
        assert thoughts([*news, *reader.take()]) == written
        assert reader.taken == log.count == len(written)
        assert not reader.has_news


def test_a_reader_that_comes_later_begins_where_the_log_is():
    log = Log(Message(), 2)
    write(log, "abc")
    reader = reader_of(log)
    write(log, "de")
    assert thoughts(reader.take()) == "de"
    assert reader.taken == log.count


def test_what_all_have_read_is_freed():
    log = Log(Message(), 2)
    slow, quick = reader_of(log), reader_of(log)
    text = Text("a")
    first = weakref.ref(text)
    write(log, [text, *"bcde"])
    del text
    quick.take()
    assert first() is not None
    slow.hold()
    assert first() is None
    assert thoughts(slow.take()) == "abcde"


def test_a_reader_that_stopped_holds_nothing():
    log = Log(Message(), 2)
    reader = reader_of(log, 1)
    write(log, "abc")
    assert reader.crowded
    waiting = threading.Event()
    reader.when_room(waiting.set)
    assert not waiting.is_set()
    reader.stop()
    assert waiting.is_set()
    assert not reader.crowded
    assert not reader.has_news
    assert reader.take() == []


def test_a_page_that_is_turned_while_it_is_read():
    class Turning(list):
        """Somebody writes on between the look at the news and the look for the next page."""

        turned = False

        def __getitem__(self, part):
            found = super().__getitem__(part)
            if not self.turned:
                self.turned = True
                self.append(ReasoningDelta("c"))
                log.turn_page()
                write(log, "d")
            return found

    log = Log(Message(), 3)
    reader = reader_of(log)
    write(log, "ab")
    log.newest.news = Turning(log.newest.news)
    assert thoughts(reader.take()) == "abcd"
    assert reader.taken == log.count == 4


def test_a_writer_and_a_reader_in_threads():
    log = Log(Message(), 5)
    reader = reader_of(log)
    news = []

    def read():
        while len(thoughts(news)) < 20_000:
            news.extend(reader.take())

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(2_000):
        write(log, "0123456789")
        if not number % 7:
            reader.hold()
    thread.join(LIMIT)
    assert thoughts(news) == "0123456789" * 2_000
