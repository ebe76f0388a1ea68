"""The state of the terminal: whose line is the last one, and whether it is open."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modelstream_terminal.style import RESET, name_color

if TYPE_CHECKING:
    from modelstream_terminal.console import Console
    from modelstream_terminal.looks import Section
    from modelstream_terminal.speaker import Speaker

_LINES = re.compile(r"[^\n]*\n|[^\n]+")


class Screen:
    """Turns text into lines, with names in front where they are needed.

    A line without a name belongs to the message of the line above. `crowded`, set by `Foreground`,
    means that several messages are streaming: then every line has its name. `open` means that the last line
    has no line end yet.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self.crowded = False
        self.open = False
        self._pieces: list[str] = []
        self._speaker: Speaker | None = None
        self._section: Section | None = None

    def put(self, speaker: Speaker, section: Section, text: str) -> None:
        """Add text, on a new line if the open one is another section's."""
        if section is not self._section:
            self.end_line()
        for line in _LINES.findall(text) if "\n" in text else (text,):
            if self.open:
                self._pieces.append(self._styled(section, line))
            else:
                self._begin_line(speaker, section, line)
            self.open = not line.endswith("\n")

    def end_line(self) -> None:
        """Close the line if it is open."""
        if self.open:
            self._pieces.append("\n")
            self.open = False

    def break_line(self) -> None:
        """Close the line if it is open, in the middle of its speaker's text."""
        if self.open and self._speaker is not None:
            self._speaker.broken = True
        self.end_line()

    def flush(self) -> None:
        """Write all pending text at once."""
        if self._pieces:
            text = "".join(self._pieces)
            self._pieces.clear()
            self._console.write(text)

    def _begin_line(self, speaker: Speaker, section: Section, line: str) -> None:
        gap = self._gap(speaker, section)
        speaker.begun, speaker.broken = section, False
        self._speaker, self._section = speaker, section
        if gap and speaker.name:
            self._pieces.append(self._painted(name_color(speaker.name), speaker.name))
        self._pieces.append(self._styled(section, gap + line))

    def _gap(self, speaker: Speaker, section: Section) -> str:
        """The text between the name and the answer; "" for neither name nor gap."""
        look = section.look
        new = speaker.begun is not section
        if new and not (look.aside and speaker.begun):
            return look.head if speaker.name else look.bare
        if not speaker.name:
            return ""
        if speaker.broken and not new:
            return look.cut
        return look.more if self.crowded or self._speaker is not speaker else ""

    def _styled(self, section: Section, line: str) -> str:
        style = section.look.style
        if not style:
            return line
        body = line.removesuffix("\n")
        return self._painted(style, body) + line[len(body) :]

    def _painted(self, style: str, text: str) -> str:
        return f"{style}{text}{RESET}" if text and self._console.color else text
