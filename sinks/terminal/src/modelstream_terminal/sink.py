"""The sink: how each delta and the end of each message are shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from modelstream.deltas import ReasoningDelta, ToolCallDelta
from modelstream.errors import ConfigError
from modelstream.sinks.base import StreamSink
from modelstream_terminal.alarm import Alarm
from modelstream_terminal.calls import clipped
from modelstream_terminal.console import Console
from modelstream_terminal.foreground import Foreground
from modelstream_terminal.harmless import harmless, one_line
from modelstream_terminal.looks import CALL, FAILED, REASONING, STOPPED, TEXT
from modelstream_terminal.screen import Screen
from modelstream_terminal.speaker import Speaker
from modelstream_terminal.turns import Turns

if TYPE_CHECKING:
    from modelstream.deltas import Delta
    from modelstream.sinks.base import Message, Outcome
    from modelstream.snapshot import Snapshot


class TerminalSink(StreamSink):
    """Shows answers on the terminal: `Name: text`, each delta written and flushed as soon as it arrives.

    `names`, `reasoning`, `tools` and `notes` choose what is shown besides the text: the agent's name, its
    thinking, one line for each tool call, and a note where a message failed, was cancelled or stopped early.
    `color` None uses color on a terminal only, and not with `NO_COLOR` or `TERM=dumb`. `file` None means
    the current `sys.stdout` at each write. Control characters in the text are made visible, so that a model
    can't control the terminal; `raw=True` lets those in text and reasoning pass.

    When several messages come at once, one of them is shown as it comes and of the others whole lines only;
    after `patience` seconds of silence it yields to the next one. Thread-safe.
    """

    sink_type = "terminal"
    delivery = "inline"

    def __init__(
        self,
        *,
        names: bool = True,
        reasoning: bool = True,
        tools: bool = True,
        notes: bool = True,
        color: bool | None = None,
        file: TextIO | None = None,
        raw: bool = False,
        patience: float = 2.0,
    ) -> None:
        _check(file, patience)
        self._names = names
        self._reasoning = reasoning
        self._tools = tools
        self._notes = notes
        self._clean: Callable[[str], str] = str if raw else harmless
        self._console = Console(file, color)
        self._foreground = Foreground(Screen(self._console), patience)
        self._speakers: dict[str, Speaker] = {}
        self._turns = Turns(after=self._show)
        self._alarm = Alarm(lambda: self._turns.run(self._hand_over))

    @property
    def closed(self) -> bool:
        """Whether the reader has gone, as with `| head`: writes are then ignored."""
        return self._console.closed

    def open(self, message: Message) -> None:
        """Register the message; its name is shown with its first delta."""
        self._turns.run(self._speaker, message)

    def write(self, message: Message, snapshot: Snapshot) -> None:
        """Show the new text."""
        self._turns.run(self._write, message, snapshot)

    def write_delta(self, message: Message, delta: Delta) -> None:
        """Show reasoning as it comes, and a tool call when it is whole."""
        match delta:
            case ReasoningDelta() if self._reasoning:
                self._turns.run(self._think, message, delta)
            case ToolCallDelta() if self._tools:
                self._turns.run(self._call, message, delta)

    def close(self, message: Message, outcome: Outcome) -> None:
        """End the message's line, with a note if it is not complete."""
        self._turns.run(self._close, message, outcome)

    def shutdown(self) -> None:
        """Show the text that is still held back."""
        self._turns.run(self._clear)

    def _write(self, message: Message, snapshot: Snapshot) -> None:
        speaker = self._speaker(message)
        text, shown = snapshot.delta, speaker.shown
        if snapshot.offset != shown and (text or snapshot.offset > shown):
            text = self._catch_up(speaker, snapshot)
        if not text:
            return
        speaker.shown += len(text)
        if speaker.calls:
            self._show_calls(speaker, speaker.calls.whole())
        self._foreground.show(speaker, speaker.section_for(TEXT), self._clean(text))

    def _catch_up(self, speaker: Speaker, snapshot: Snapshot) -> str:
        """The new text of a snapshot that does not continue the shown text."""
        if snapshot.offset > speaker.shown:  # the snapshots in between were not shown
            return snapshot.text[speaker.shown :]
        speaker.shown = 0
        speaker.new_section(TEXT)
        return snapshot.text

    def _think(self, message: Message, delta: ReasoningDelta) -> None:
        if delta.text:
            speaker = self._speaker(message)
            if speaker.calls:
                self._show_calls(speaker, speaker.calls.whole())
            self._foreground.show(speaker, speaker.section_for(REASONING), self._clean(delta.text))

    def _call(self, message: Message, delta: ToolCallDelta) -> None:
        speaker = self._speaker(message)
        speaker.calls.add(delta)
        self._show_calls(speaker, speaker.calls.whole(but=delta.index))

    def _close(self, message: Message, outcome: Outcome) -> None:
        speaker = self._speaker(message)
        complete = outcome.state == "complete"
        if self._tools:
            self._show_calls(speaker, speaker.calls.rest(outcome.tool_calls, complete=complete))
        note = note_on(outcome) if self._notes else ""
        if note:
            look = FAILED if outcome.state == "failed" else STOPPED
            self._foreground.show(speaker, speaker.new_section(look), note)
        elif speaker.name and speaker.silent:
            self._foreground.show(speaker, speaker.section, "\n")
        self._foreground.end(speaker)
        del self._speakers[message.id]

    def _show_calls(self, speaker: Speaker, lines: list[str]) -> None:
        width = self._console.width if lines else None
        cells = max(width - len(speaker.name + CALL.head), 1) if width else None
        for line in lines:
            shown = clipped(line, cells) if cells else line
            self._foreground.show(speaker, speaker.new_section(CALL), shown)

    def _speaker(self, message: Message) -> Speaker:
        speaker = self._speakers.get(message.id)
        if speaker is None:
            name = one_line(message.name) if self._names else ""
            speaker = self._speakers[message.id] = Speaker(name)
        return speaker

    def _clear(self) -> None:
        self._foreground.clear()
        self._alarm.cancel()

    def _hand_over(self) -> None:
        self._alarm.cancel()
        self._foreground.hand_over()

    def _show(self) -> None:
        """Write the text that the last step put on the screen."""
        self._foreground.screen.flush()
        due = self._foreground.due
        if due is not None:
            self._alarm.set(due)


def _check(file: object, patience: object) -> None:
    if file is not None and not hasattr(file, "write"):
        raise ConfigError(
            f"Sink 'terminal': file={file!r} can't be written to. "
            "Pass an open text file, or omit it for standard output."
        )
    if isinstance(patience, bool) or not isinstance(patience, int | float) or not patience >= 0:
        raise ConfigError(
            f"Sink 'terminal': patience={patience!r} is not a number of seconds. The default is 2."
        )


def note_on(outcome: Outcome) -> str:
    """The note under a message that did not end well; "" if it did."""
    if outcome.state == "complete":
        reason = outcome.finish_reason
        return "" if reason in {None, "stop", "tool_calls"} else f"[stopped: {reason}]"
    if outcome.state == "cancelled":
        return "[cancelled]"
    error = outcome.error
    if error is None:
        return "[failed]"
    what = one_line(str(error))
    return f"[failed: {type(error).__name__}: {what}]" if what else f"[failed: {type(error).__name__}]"
