"""Make any text safe to show on a terminal.

A model, or a web page that it quotes, may send control sequences: they set the window's title, write the
clipboard, move the cursor, or print lines that seem to come from another program. Such a sequence must
begin with a control character, so replacing each of these is enough and needs no state between deltas.
"""

from __future__ import annotations

import re

# Newline and tab stay; so do U+200B, U+200C and U+200D, without which some scripts and emoji fall apart.
_UNSAFE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but for tab and newline, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidi controls: they show text in another order
    "\u180e\u2028\u2029\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb"  # invisible, or a line end for some
    "\ud800-\udfff"  # halves of a character, which no encoding can write
    "\U000e0000-\U000e007f"  # tag characters: a second, invisible alphabet
    "]"
)
_LINE_END = re.compile(r"\n\s*")
_DELETE = 0x7F
_CONTROL_PICTURES = 0x2400


def harmless(text: str) -> str:
    """The same text with every control character made visible, but for newline and tab.

    C0 controls and DEL become their Control Picture (ESC is shown as U+241B), all others U+FFFD. Cutting a
    text into pieces, anywhere, does not change the result.
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_visible, text)


def one_line(text: str) -> str:
    """The harmless text on one line: a line end and the blanks after it become one space."""
    return harmless(_LINE_END.sub(" ", text.strip()).replace("\t", " "))


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(_CONTROL_PICTURES + code)
    return "\u2421" if code == _DELETE else "\ufffd"
