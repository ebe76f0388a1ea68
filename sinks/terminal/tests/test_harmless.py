"""Text of a model never controls the terminal."""

from __future__ import annotations

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelstream_terminal import TerminalSink, harmless
from modelstream_terminal.harmless import one_line

ATTACKS = {
    "clear screen (CSI)": "\x1b[2J\x1b[H",
    "window title (OSC 0)": "\x1b]0;owned\x07",
    "clipboard (OSC 52)": "\x1b]52;c;cm0gLXJmIH4=\x1b\\",
    "link (OSC 8)": "\x1b]8;;http://evil.example\x1b\\bank.example\x1b]8;;\x1b\\",
    "device report (DSR)": "\x1b[6n",
    "device control (DCS)": '\x1bP$q"p\x1b\\',
    "C1 CSI": "\x9b2J",
    "C1 OSC": "\x9d0;owned\x9c",
    "reset (RIS)": "\x1bc",
    "another character set": "\x0e\x1b(0",
    "line rewritten": "rm -rf /\recho hello  ",
    "characters taken back": "password\x08\x08\x08\x08",
    "form feed, bell, null, delete": "\x0c\x07\x00\x7f\x0b",
    "next line (C1)": "one\x85two",
    "bidi override": "\u202etxt.exe\u202c \u2066x\u2069 \u200e\u200f\u061c",
    "invisible letters (tags)": "\U000e0001\U000e0068\U000e0069\U000e007f",
    "other line ends": "a\u2028b\u2029c",
    "invisible signs": "a\u2060b\u2063c\ufeffd",
    "half a character": "\ud800",
}
BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_harmless(text):
    return all(
        char in "\n\t\u200b\u200c\u200d" or (unicodedata.category(char) not in {"Cc", "Cs"}
        and char not in BIDI and not 0xE0000 <= ord(char) < 0xE0080)
        for char in text
    )  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_attacks_are_shown_as_visible_signs(attack):
    shown = harmless(attack)
    assert is_harmless(shown)
    assert shown != attack
    assert len(shown) == len(attack)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_in_two_pieces(attack):
    for cut in range(len(attack) + 1):
        assert harmless(attack[:cut]) + harmless(attack[cut:]) == harmless(attack)


def test_control_characters_are_shown_as_control_pictures():
    assert harmless("\x00\x07\x1b[2J\r\x7f") == "␀␇␛[2J␍␡"
    assert harmless("\x9b2J") == "\ufffd2J"


@pytest.mark.parametrize(
    "text",
    [
        "plain\n\ttext\n",
        "naïve – “quoted” €",
        "你好，世界 ありがとう",
        "שלום עולם",
        "مرحبا",
        "👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 👍🏽",
        "می\u200cخواهم",
        "ខ្ញុំ\u200bចង់",
        "क्\u200dष",
        "e\u0301",
        "\u00a0\u3000",
    ],
)
def test_ordinary_text_is_not_changed(text):
    assert harmless(text) == text


@given(st.text(), st.text())
def test_any_text_in_any_pieces(first, second):
    assert harmless(first) + harmless(second) == harmless(first + second)
    assert is_harmless(harmless(first))


def test_every_character_of_unicode():
    for start in range(0, 0x110000, 0x1000):
        assert is_harmless(harmless("".join(map(chr, range(start, start + 0x1000))))), hex(start)


@given(st.text())
def test_one_line_is_one_line(text):
    assert not set(one_line(text)) & set("\n\t")
    assert is_harmless(one_line(text))


@pytest.mark.timeout(10)
def test_one_line_with_many_spaces():
    assert one_line("a" + " " * 300_000 + "b") == "a" + " " * 300_000 + "b"


def send_everywhere(sink, talk, attack):
    """Sends the text as name, reasoning, tool call, text and error."""
    speaker = talk(sink, f"Eve{attack}")
    speaker.reasoning(attack).call(f"f{attack}", f'{{"a": "{attack}"}}').text(*attack)
    speaker.failed(RuntimeError(attack))


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_the_sink_blocks_all_attacks(talk, attack):
    file = io.StringIO()
    send_everywhere(TerminalSink(file=file), talk, attack)
    assert is_harmless(file.getvalue())


def test_raw_applies_to_text_and_reasoning_only(talk):
    file = io.StringIO()
    send_everywhere(TerminalSink(file=file, raw=True), talk, "\x1b[1m")
    shown = file.getvalue()
    assert shown.count("\x1b[1m") == 2
    assert "(thinking): \x1b[1m" in shown
    assert "Eve␛[1m: \x1b[1m" in shown
    assert "[failed: RuntimeError: ␛[1m]" in shown
