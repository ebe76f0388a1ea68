"""Several messages on one terminal: which one writes to the open line, and which wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelstream_terminal.looks import Section
    from modelstream_terminal.screen import Screen
    from modelstream_terminal.speaker import Speaker


class Foreground:
    """Decides which speaker is in the foreground.

    The text of the foreground speaker is put on the screen at once. The others are held back; only whole
    lines of theirs are shown, and only while no line is open. When the foreground speaker ends, or is silent
    for `patience` seconds while others wait, the one that has waited longest takes its place.
    Not thread-safe.
    """

    def __init__(self, screen: Screen, patience: float, now: Callable[[], float] = time.monotonic) -> None:
        self.screen = screen
        self._patience = patience
        self._now = now
        self._foreground: Speaker | None = None
        self._spoke = 0.0
        self._live: set[Speaker] = set()
        self._waiting: dict[Speaker, None] = {}

    def show(self, speaker: Speaker, section: Section, text: str) -> None:
        """Show text, now or as soon as it may be shown."""
        if speaker not in self._live:
            self._live.add(speaker)
            self.screen.crowded = len(self._live) > 1
        if self._foreground is None:
            self._foreground = speaker
        if self._foreground is speaker:
            self._spoke = self._now()
            self.screen.put(speaker, section, text)
            self._show_lines()
        else:
            speaker.hold(section, text)
            self._waiting[speaker] = None
            if not self.hand_over():
                self._show_lines()

    def end(self, speaker: Speaker) -> None:
        """The speaker's message is over."""
        speaker.ended = True
        if speaker is self._foreground:
            self.screen.end_line()
            self._leave(speaker)
            self._next()
        elif speaker in self._waiting:
            self._show_lines()
        else:
            self._leave(speaker)

    def hand_over(self) -> bool:
        """Give the foreground to the longest-waiting speaker, if it is due."""
        due = self.due
        if due is None or due > self._now():
            return False
        self.screen.break_line()
        self._next()
        return True

    @property
    def due(self) -> float | None:
        """When `hand_over` should be called, or None while no speaker waits."""
        return self._spoke + self._patience if self._waiting else None

    def clear(self) -> None:
        """Show all that is held, and leave no line open."""
        self.screen.break_line()
        while self._waiting:
            self._next()
            self.screen.break_line()
        self._foreground = None

    def _next(self) -> None:
        """Put the longest-waiting speaker into the foreground; show and drop those that have ended."""
        self._foreground = None
        while self._waiting and self._foreground is None:
            speaker = next(iter(self._waiting))
            self._show_runs(speaker, speaker.take_all())
            if not speaker.ended:
                self._foreground = speaker
                self._spoke = self._now()
        self._show_lines()

    def _show_lines(self) -> None:
        """Show the whole lines of the waiting speakers, unless a line is open."""
        if not self._waiting or self.screen.open:
            return
        for speaker in list(self._waiting):
            if speaker.ended:
                self._show_runs(speaker, speaker.take_all())
            elif speaker.lines_held:
                self._show_runs(speaker, speaker.take_lines())
                self.screen.end_line()

    def _show_runs(self, speaker: Speaker, runs: list[tuple[Section, str]]) -> None:
        for section, text in runs:
            self.screen.put(speaker, section, text)
        if not speaker.holds:
            del self._waiting[speaker]
        if speaker.ended:
            self.screen.end_line()
            self._leave(speaker)

    def _leave(self, speaker: Speaker) -> None:
        self._live.discard(speaker)
        self.screen.crowded = len(self._live) > 1
