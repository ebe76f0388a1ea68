"""Several agents on one terminal: they never share a line, and no text is lost."""

from __future__ import annotations

import gc
import io
import os
import sys
import threading
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelstream_terminal import TerminalSink


class FakeTime:
    """A time that tests set."""

    now = 0.0

    def __call__(self):
        return self.now


def sink_with_time(file):
    sink = TerminalSink(file=file)
    time = sink._foreground._now = FakeTime()
    sink._alarm.set = lambda due: None
    return sink, time


NAMES = ["A", "B", "C", "D", "E", "F"]
WORDS = st.text("ab 你é\n", min_size=1, max_size=8)
ACTIONS = st.one_of(
    st.tuples(st.just("text"), WORDS),
    st.tuples(st.just("text"), WORDS),
    st.tuples(st.just("reasoning"), WORDS),
    st.tuples(st.just("afresh"), WORDS),
    st.tuples(st.just("call"), st.just("f")),
    st.tuples(st.just("done"), st.just("")),
    st.tuples(st.just("wait"), st.floats(0, 3)),
)
SCRIPTS = st.integers(2, 6).flatmap(
    lambda count: st.lists(st.tuples(st.sampled_from(NAMES[:count]), ACTIONS), max_size=60)
)


class Expected:
    """The expected sections of one agent, each of whole lines."""

    def __init__(self):
        self.sections = []

    def add(self, verb, words):
        if verb == "call":
            self.sections.append(["call", f"{words}({{}})"])
        elif self.sections and self.sections[-1][0] == verb:
            self.sections[-1][1] += words
        else:
            self.sections.append(["text" if verb == "afresh" else verb, words])

    def whole(self):
        sections = self.sections or [("text", "")]
        return [(kind, text if text.endswith("\n") else text + "\n") for kind, text in sections]


def perform(sink, time, talk, script):
    """Plays a script and returns the sections of each agent; one that has ended gets a new name."""
    speakers, expected, generations = {}, {}, dict.fromkeys(NAMES, 0)
    for letter, (verb, value) in script:
        if verb == "wait":
            time.now += value
            sink._turns.run(sink._foreground.hand_over)
            continue
        name = f"{letter}{generations[letter]}"
        if name not in speakers:
            speakers[name], expected[name] = talk(sink, name), Expected()
        if verb == "done":
            speakers.pop(name).done()
            generations[letter] += 1
            continue
        if verb == "call":
            speakers[name].call(value, "{}", index=len(expected[name].sections))
        else:
            getattr(speakers[name], verb)(value)
        expected[name].add(verb, value)
    for speaker in speakers.values():
        speaker.done()
    return {name: agent.whole() for name, agent in expected.items()}


@given(script=SCRIPTS)
def test_random_interleavings_keep_every_line_and_every_text_whole(script, talk, read_back):
    file = io.StringIO()
    sink, time = sink_with_time(file)
    expected = perform(sink, time, talk, script)
    assert read_back(file.getvalue()) == expected


@given(script=SCRIPTS)
def test_shutdown_shows_waiting_text(script, talk, read_back):
    file = io.StringIO()
    sink, _ = sink_with_time(file)
    speakers = {}
    for letter, (verb, value) in script:
        if verb == "text":
            speakers.setdefault(letter, talk(sink, letter)).text(value)
    sink.shutdown()
    shown = {name: sections[0][1].removesuffix("\n") for name, sections in read_back(file.getvalue()).items()}
    assert shown == {name: speaker.sent.removesuffix("\n") for name, speaker in speakers.items()}


def test_the_first_agent_streams_and_the_others_wait(talk):
    file = io.StringIO()
    sink, _ = sink_with_time(file)
    ann, bob = talk(sink, "Ann"), talk(sink, "Bob")
    ann.text("one ")
    bob.text("uno ")
    ann.text("two ")
    assert file.getvalue() == "Ann: one two "
    ann.done()
    assert file.getvalue() == "Ann: one two \nBob: uno "
    bob.text("due")
    assert file.getvalue() == "Ann: one two \nBob: uno due"


def test_whole_lines_of_others_are_shown_while_no_line_is_open(talk):
    file = io.StringIO()
    sink, _ = sink_with_time(file)
    ann, bob = talk(sink, "Ann"), talk(sink, "Bob")
    ann.text("one\n")
    bob.text("uno\ndue\ntr")
    assert file.getvalue() == "Ann: one\nBob: uno\nBob │ due\n"
    ann.text("two\n")
    bob.text("e\n")
    bob.done()
    ann.text("three\nfour")
    ann.done()
    assert file.getvalue() == ("Ann: one\nBob: uno\nBob │ due\nAnn │ two\nBob │ tre\nAnn │ three\nfour\n")


def test_a_message_that_ends_while_it_waits_is_shown_when_the_line_is_free(talk):
    file = io.StringIO()
    sink, _ = sink_with_time(file)
    ann, bob, eve = talk(sink, "Ann"), talk(sink, "Bob"), talk(sink, "Eve")
    ann.text("one")
    bob.text("uno").failed()
    eve.text("ein").done()
    assert file.getvalue() == "Ann: one"
    ann.text("\n")
    assert file.getvalue() == "Ann: one\nBob: uno\nBob │ [failed]\nEve: ein\n"


def test_a_silent_agent_loses_the_line_and_continues_later(talk):
    file = io.StringIO()
    sink, time = sink_with_time(file)
    ann, bob = talk(sink, "Ann"), talk(sink, "Bob")
    ann.text("let me th")
    bob.text("quick ")
    time.now = 2.5
    bob.text("answer")
    assert file.getvalue() == "Ann: let me th\nBob: quick answer"
    ann.text("ink\nso")
    bob.done()
    ann.done()
    assert file.getvalue() == "Ann: let me th\nBob: quick answer\nAnn … ink\nso\n"


def test_a_silent_agent_keeps_the_line_while_no_other_waits(talk):
    file = io.StringIO()
    sink, time = sink_with_time(file)
    ann = talk(sink, "Ann").text("let me th")
    time.now = 100
    sink._turns.run(sink._foreground.hand_over)
    ann.text("ink").done()
    assert file.getvalue() == "Ann: let me think\n"


def read_until(fd, expected):
    text = b""
    while not text.decode().endswith(expected):
        text += os.read(fd, 1000)
    return text.decode()


def test_a_thread_takes_the_line_from_a_silent_agent(talk):
    """A thread, which runs only while it is needed, shows what waits although no agent writes."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="utf-8") as file:
        sink = TerminalSink(file=file, patience=0.05)
        ann, bob = talk(sink, "Ann"), talk(sink, "Bob")
        ann.text("let me th")
        bob.text("quick answer")
        assert read_until(reader, "answer") == "Ann: let me th\nBob: quick answer"
        ann.text("ink")
        assert read_until(reader, "ink") == "\nAnn … ink"
        bob.done()
        ann.done()
        sink.shutdown()
    os.close(reader)


def test_one_agent_alone_starts_no_thread(talk):
    before = threading.enumerate()
    talk(TerminalSink(file=io.StringIO())).text("one ", "two").done()
    assert threading.enumerate() == before


@pytest.fixture
def frequent_thread_switches():
    """Lets the interpreter switch threads as often as possible."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("frequent_thread_switches")
def test_four_concurrent_threads(talk, read_back):
    file = io.StringIO()
    sink = TerminalSink(file=file, patience=0.001)
    start = threading.Barrier(4)

    def agent(name):
        start.wait()
        speaker = talk(sink, name)
        speaker.text(*(f"{name.lower()}{number}{end}" for number in range(500) for end in (" ", "\n")))
        speaker.done()

    threads = [threading.Thread(target=agent, args=(name,)) for name in "ABCD"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sink.shutdown()
    expected = {
        name: [("text", "".join(f"{name.lower()}{number} {name.lower()}{number}\n" for number in range(500)))]
        for name in "ABCD"
    }
    assert read_back(file.getvalue()) == expected


class Dropped:
    """Ends a message when it is collected, as a response does."""

    def __init__(self, speaker):
        self.speaker = speaker
        self.cycle = self

    def __del__(self):
        self.speaker.text("late").done()


class Collecting(io.StringIO):
    """A file that runs the garbage collector in each write."""

    def isatty(self):
        gc.collect()
        return super().isatty()

    def write(self, text):
        gc.collect()
        return super().write(text)


@pytest.fixture
def collect_manually():
    gc.disable()
    with warnings.catch_warnings(action="ignore"):
        gc.collect()  # frees what earlier tests have left open
    yield
    gc.enable()


@pytest.mark.usefixtures("collect_manually")
def test_a_message_that_ends_during_the_write_of_another(talk, read_back):
    file = Collecting()
    sink, _ = sink_with_time(file)  # patience must not expire: collecting takes long after many imports
    ann = talk(sink, "A").text("one ")
    Dropped(talk(sink, "B").text("I am "))
    ann.text("two").done()
    assert read_back(file.getvalue()) == {"A": [("text", "one two\n")], "B": [("text", "I am late\n")]}


@pytest.mark.usefixtures("collect_manually")
def test_a_message_that_ends_while_another_begins_its_line(talk, read_back):
    file = Collecting()
    sink, _ = sink_with_time(file)
    Dropped(talk(sink, "B"))
    talk(sink, "A").text("one ", "two").done()
    assert read_back(file.getvalue()) == {"A": [("text", "one two\n")], "B": [("text", "late\n")]}
