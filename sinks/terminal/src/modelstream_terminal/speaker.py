"""A message on its way to the screen, and the part of it that has to wait."""

from __future__ import annotations

from modelstream_terminal.calls import Calls
from modelstream_terminal.looks import TEXT, Look, Section

Run = tuple[Section, str]


class Speaker:
    """One message: its name, its section, and what is held while another message has the line.

    `name` is shown before the lines, "" for none. `shown` counts the characters of the answer that were
    accepted. `begun` is the section whose head is on the screen, and `broken` means that its last line was
    broken off. `lines_held` means that `take_lines` has something to return.
    """

    __slots__ = ("_held", "begun", "broken", "calls", "ended", "lines_held", "name", "section", "shown")

    def __init__(self, name: str) -> None:
        self.name = name
        self.calls = Calls()
        self.shown = 0
        self.section = Section(TEXT)
        self.begun: Section | None = None
        self.broken = False
        self.ended = False
        self.lines_held = False
        self._held: list[tuple[Section, list[str]]] = []

    def section_for(self, look: Look) -> Section:
        """The section for more text of this look: the current one, or a new one."""
        return self.section if self.section.look is look else self.new_section(look)

    def new_section(self, look: Look) -> Section:
        """Begin a section."""
        self.section = Section(look)
        return self.section

    def hold(self, section: Section, text: str) -> None:
        """Keep text for later."""
        if self._held and self._held[-1][0] is section:
            self._held[-1][1].append(text)
        else:
            self.lines_held = bool(self._held) or self.lines_held
            self._held.append((section, [text]))
        self.lines_held = self.lines_held or "\n" in text

    def take_lines(self) -> list[Run]:
        """The held text up to the last line end; the end of a section ends a line too."""
        self.lines_held = False
        if not self._held:
            return []
        section, pieces = self._held.pop()
        whole, end, rest = "".join(pieces).rpartition("\n")
        runs = [*self.take_all(), (section, whole + end)] if end else self.take_all()
        if rest:
            self._held.append((section, [rest]))
        return runs

    def take_all(self) -> list[Run]:
        """All that is held."""
        runs = [(section, "".join(pieces)) for section, pieces in self._held]
        self._held.clear()
        self.lines_held = False
        return runs

    @property
    def holds(self) -> bool:
        """Whether anything is held."""
        return bool(self._held)

    @property
    def silent(self) -> bool:
        """Whether it has shown nothing at all."""
        return self.begun is None and not self._held
