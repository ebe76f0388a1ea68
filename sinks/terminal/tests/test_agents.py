"""Several agents on one terminal: no line has two of them, and nobody's words are lost."""

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


class Clock:
    """A time that goes on when it is told to."""

    now = 0.0

    def __call__(self):
        return self.now


def sink_with_time(file):
    sink = TerminalSink(file=file)
    clock = sink._foreground._now = Clock()
    sink._alarm.set = lambda due: None
    return sink, clock


NAMES = ["A", "B", "C", "D", "E", "F"]
WORDS = st.text("ab 你é\n", min_size=1, max_size=8)
NEWS = st.one_of(
    st.tuples(st.just("text"), WORDS),
    st.tuples(st.just("text"), WORDS),
    st.tuples(st.just("reasoning"), WORDS),
    st.tuples(st.just("afresh"), WORDS),
    st.tuples(st.just("call"), st.just("f")),
    st.tuples(st.just("done"), st.just("")),
    st.tuples(st.just("wait"), st.floats(0, 3)),
)
SCRIPTS = st.integers(2, 6).flatmap(
    lambda many: st.lists(st.tuples(st.sampled_from(NAMES[:many]), NEWS), max_size=60)
)


class Expected:
    """What one agent is to have said: its sections, each of whole lines."""

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


def perform(sink, clock, talk, script):
    """Play a script to the end; gives what each agent said. Who has ended comes back under a new name."""
    speakers, expected, lives = {}, {}, dict.fromkeys(NAMES, 0)
    for letter, (verb, what) in script:
        if verb == "wait":
            clock.now += what
            sink._turns.run(sink._foreground.hand_over)
            continue
        name = f"{letter}{lives[letter]}"
        if name not in speakers:
            speakers[name], expected[name] = talk(sink, name), Expected()
        if verb == "done":
            speakers.pop(name).done()
            lives[letter] += 1
            continue
        if verb == "call":
            speakers[name].call(what, "{}", index=len(expected[name].sections))
        else:
            getattr(speakers[name], verb)(what)
        expected[name].add(verb, what)
    for speaker in speakers.values():
        speaker.done()
    return {name: said.whole() for name, said in expected.items()}


@given(script=SCRIPTS)
def test_random_interleavings_keep_every_line_and_every_text_whole(script, talk, read_back):
    file = io.StringIO()
    sink, clock = sink_with_time(file)
    expected = perform(sink, clock, talk, script)
    assert read_back(file.getvalue()) == expected


@given(script=SCRIPTS)
def test_shutdown_shows_what_still_waits(script, talk, read_back):
    file = io.StringIO()
    sink, _ = sink_with_time(file)
    speakers = {}
    for letter, (verb, what) in script:
        if verb == "text":
            speakers.setdefault(letter, talk(sink, letter)).text(what)
    sink.shutdown()
    shown = {name: own[0][1].removesuffix("\n") for name, own in read_back(file.getvalue()).items()}
    assert shown == {name: speaker.sent.removesuffix("\n") for name, speaker in speakers.items()}


def test_the_first_goes_on_live_and_the_others_wait(talk):
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


def test_whole_lines_of_the_others_come_while_no_line_is_open(talk):
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


def test_who_is_silent_for_long_gives_up_the_line_and_comes_back(talk):
    file = io.StringIO()
    sink, clock = sink_with_time(file)
    ann, bob = talk(sink, "Ann"), talk(sink, "Bob")
    ann.text("let me th")
    bob.text("quick ")
    clock.now = 2.5
    bob.text("answer")
    assert file.getvalue() == "Ann: let me th\nBob: quick answer"
    ann.text("ink\nso")
    bob.done()
    ann.done()
    assert file.getvalue() == "Ann: let me th\nBob: quick answer\nAnn … ink\nso\n"


def test_nobody_gives_up_the_line_to_nobody(talk):
    file = io.StringIO()
    sink, clock = sink_with_time(file)
    ann = talk(sink, "Ann").text("let me th")
    clock.now = 100
    sink._turns.run(sink._foreground.hand_over)
    ann.text("ink").done()
    assert file.getvalue() == "Ann: let me think\n"


def read_until(fd, expected):
    text = b""
    while not text.decode().endswith(expected):
        text += os.read(fd, 1000)
    return text.decode()


def test_the_line_is_given_up_by_itself(talk):
    """Nothing is said any more, and yet what waits is shown: a thread sees to it while one is needed."""
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
def restless_threads():
    """Threads that give way to each other all the time."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("restless_threads")
def test_four_threads_write_at_once(talk, read_back):
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
    """A file on which the garbage collector runs in the middle of things."""

    def isatty(self):
        gc.collect()
        return super().isatty()

    def write(self, text):
        gc.collect()
        return super().write(text)


@pytest.fixture
def collected_on_demand():
    gc.disable()
    with warnings.catch_warnings(action="ignore"):
        gc.collect()  # what tests before this one have left open is not its affair
    yield
    gc.enable()


@pytest.mark.usefixtures("collected_on_demand")
def test_a_message_that_ends_in_the_midst_of_anothers_write(talk, read_back):
    file = Collecting()
    sink, _ = sink_with_time(file)  # to collect takes long where much has been imported
    ann = talk(sink, "A").text("one ")
    Dropped(talk(sink, "B").text("I am "))
    ann.text("two").done()
    assert read_back(file.getvalue()) == {"A": [("text", "one two\n")], "B": [("text", "I am late\n")]}


@pytest.mark.usefixtures("collected_on_demand")
def test_a_message_that_ends_while_another_begins_its_line(talk, read_back):
    file = Collecting()
    sink, _ = sink_with_time(file)
    Dropped(talk(sink, "B"))
    talk(sink, "A").text("one ", "two").done()
    assert read_back(file.getvalue()) == {"A": [("text", "one two\n")], "B": [("text", "late\n")]}
