"""The output in a terminal emulator."""

from __future__ import annotations

import io

import pytest

from modelstream_terminal import TerminalSink

pyte = pytest.importorskip("pyte", reason="needs the terminal emulator pyte")

ATTACKS = [
    "\x1b[2J\x1b[H", "\x1b]0;owned\x07", "\x1b]2;owned\x1b\\", "\x1b[1;1Hfake", "\x1b[1Afake", "\x9b2J",
    "\x9d0;owned\x9c", "\x1bc", "\x08\x08\x08\x08", "\rfake", "\x1b[?25l", "\x1b[8m", "\x1b(0", "\x0e",
    "\x1b#8", "\x0c", "\x0b", "\x85", "\x1b[6n",
]  # fmt: skip


class Emulator(pyte.Screen):
    """A terminal of 80 by 24 that records its replies to requests of programs."""

    def __init__(self):
        super().__init__(80, 24)
        self.replies = []

    def write_process_input(self, data):
        self.replies.append(data)

    def shown(self):
        return [line.rstrip() for line in self.display if line.strip()]


@pytest.fixture
def emulator():
    return Emulator()


def play(emulator, file):
    stream = pyte.Stream(emulator)
    stream.feed(file.getvalue().replace("\n", "\r\n"))


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_changes_nothing_outside_of_its_text(emulator, talk, attack):
    file = io.StringIO()
    sink = TerminalSink(file=file, color=True)
    talk(sink, "Ann").text("first line").done()
    talk(sink, "Eve").text("before ", *attack, " after").done()
    play(emulator, file)
    first, second = emulator.shown()
    assert first == "Ann: first line"
    assert second.startswith("Eve: before ")
    assert second.endswith(" after")
    assert not emulator.title
    assert not emulator.replies
    assert not emulator.cursor.hidden
    assert (emulator.cursor.x, emulator.cursor.y) == (0, 2)


def test_the_emulator_executes_raw_sequences(emulator, talk):
    file = io.StringIO()
    talk(TerminalSink(file=file, raw=True), "Eve").text("\x1b]0;owned\x07\x1b[2J\x1b[H").done()
    play(emulator, file)
    assert emulator.title == "owned"


def test_colors_end_with_their_text(emulator, talk):
    file = io.StringIO()
    talk(TerminalSink(file=file, color=True)).reasoning("Hm\n", "so").text("Yes 你好").failed(OSError("no"))
    play(emulator, file)
    assert emulator.shown() == ["Bob (thinking): Hm", "so", "Bob: Yes 你好", "[failed: OSError: no]"]
    assert emulator.buffer[2][0].fg == "brightred"
    assert emulator.buffer[2][6].fg == "default"
    assert emulator.buffer[3][0].fg == "red"
    assert emulator.cursor.attrs.fg == "default"
