"""Each subscriber reads a queue at its own pace, and items that all have read are freed."""

from __future__ import annotations

import threading
import weakref

from hypothesis import given
from hypothesis import strategies as st
from recording_sink import LIMIT, state_after

from modelstream import Message, ReasoningDelta
from modelstream.sinks.delivery.queue import MessageQueue, Subscription


class Text(str):
    """A str whose end can be seen."""

    __slots__ = ("__weakref__",)


def reader_of(queue, limit=10):
    return Subscription(queue, limit, notify=lambda reader: None)


def write(queue, letters):
    for letter in letters:
        queue.tail.items.append(ReasoningDelta(letter))
        if len(queue.tail.items) >= queue.size:
            queue.add_segment()


def thoughts(items):
    return state_after(items)[1]


@given(st.lists(st.sampled_from(["write", "take", "coalesce"]), max_size=30), st.integers(1, 7))
def test_every_reader_gets_everything_in_order(steps, size):
    queue = MessageQueue(Message(), size)
    readers = [reader_of(queue, 3), reader_of(queue, 3)]
    read = [[], []]
    written = ""
    for number, step in enumerate(steps):
        if step == "write":
            letters = "abcdefgh"[: number % 8]
            write(queue, letters)
            written += letters
        elif step == "coalesce":
            readers[number % 2].coalesce()
        else:
            read[number % 2] += readers[number % 2].take()
    for reader, items in zip(readers, read, strict=True):
        assert reader.has_items == (thoughts(items) != written)
        assert thoughts([*items, *reader.take()]) == written
        assert reader.read == queue.count == len(written)
        assert not reader.has_items


def test_a_later_reader_begins_at_the_end_of_the_queue():
    queue = MessageQueue(Message(), 2)
    write(queue, "abc")
    reader = reader_of(queue)
    write(queue, "de")
    assert thoughts(reader.take()) == "de"
    assert reader.read == queue.count


def test_items_that_all_have_read_are_freed():
    queue = MessageQueue(Message(), 2)
    slow, quick = reader_of(queue), reader_of(queue)
    text = Text("a")
    first = weakref.ref(text)
    write(queue, [text, *"bcde"])
    del text
    quick.take()
    assert first() is not None
    slow.coalesce()
    assert first() is None
    assert thoughts(slow.take()) == "abcde"


def test_a_cancelled_subscription_keeps_no_items():
    queue = MessageQueue(Message(), 2)
    reader = reader_of(queue, 1)
    write(queue, "abc")
    assert reader.full
    reader.cancel()
    assert not reader.full
    assert not reader.has_items
    assert reader.take() == []


def test_a_segment_that_is_added_while_the_last_is_read():
    class Turning(list):
        """The writer goes on between the look at the items and the look for the next segment."""

        turned = False

        def __getitem__(self, part):
            found = super().__getitem__(part)
            if not self.turned:
                self.turned = True
                self.append(ReasoningDelta("c"))
                queue.add_segment()
                write(queue, "d")
            return found

    queue = MessageQueue(Message(), 3)
    reader = reader_of(queue)
    write(queue, "ab")
    queue.tail.items = Turning(queue.tail.items)
    assert thoughts(reader.take()) == "abcd"
    assert reader.read == queue.count == 4


def test_a_writer_and_a_reader_in_threads():
    queue = MessageQueue(Message(), 5)
    reader = reader_of(queue)
    items = []

    def read():
        while len(thoughts(items)) < 20_000:
            items.extend(reader.take())

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(2_000):
        write(queue, "0123456789")
        if not number % 7:
            reader.coalesce()
    thread.join(LIMIT)
    assert thoughts(items) == "0123456789" * 2_000
