"""How each kind of text is shown."""

from __future__ import annotations

from typing import NamedTuple

from modelstream_terminal.style import DIM, RED


class Look(NamedTuple):
    """The text between the agent's name and the answer, and the answer's style.

    `head` begins the first line. `more` begins a further line where the name is needed again, `cut` the rest
    of a line that was broken off for another message. `bare` is the head where no names are shown.
    Text that is an `aside` needs a head only if its message has shown nothing yet.
    """

    head: str
    more: str
    cut: str
    bare: str = ""
    style: str = ""
    aside: bool = False


TEXT = Look(": ", " │ ", " … ")
REASONING = Look(" (thinking): ", " (thinking) │ ", " (thinking) … ", bare="(thinking) ", style=DIM)
CALL = Look(" → ", " → ", " → ", bare="→ ", style=DIM)
STOPPED = Look(": ", " │ ", " … ", style=DIM, aside=True)
FAILED = STOPPED._replace(style=RED)


class Section:
    """A part of one message that begins on a line of its own. Two sections are never equal."""

    __slots__ = ("look",)

    def __init__(self, look: Look) -> None:
        self.look = look
