"""Sinks that do not show the text that was sent, or its end."""

from reference_sink import ReferenceSink

from modelstream import Outcome
from modelstream.deltas import ReasoningDelta


class ClosesItself(ReferenceSink):
    """closes a message itself at `last=True`, and is closed again"""

    breaks = "every_end"

    def write(self, message, snapshot):
        super().write(message, snapshot)
        if snapshot.last:
            self.close(message, Outcome("complete"))


class EndsTwice(ReferenceSink):
    """shows the end at `last=True`, and again when the message is closed"""

    breaks = "every_end"

    def write(self, message, snapshot):
        super().write(message, snapshot)
        self.entries[message.id].ends += snapshot.last


class EndsOnLastOnly(ReferenceSink):
    """shows the end at `last=True` only, so that an answer that breaks off never ends"""

    breaks = "every_end"

    def write(self, message, snapshot):
        super().write(message, snapshot)
        self.entries[message.id].ends += snapshot.last

    def close(self, message, outcome):
        pass


class CancelledForgotten(ReferenceSink):
    """does not show the end of messages that were cancelled"""

    breaks = "cancelled_answers"

    def close(self, message, outcome):
        if outcome.state != "cancelled":
            super().close(message, outcome)


class LongDeltasCut(ReferenceSink):
    """treats a delta as one word, and cuts it"""

    breaks = "coalesced_or_not"

    def write(self, message, snapshot):
        self.entries[message.id].text += snapshot.delta[:12]


class WholeTextAdded(ReferenceSink):
    """adds the whole text so far for each delta"""

    breaks = "text_as_sent"

    def write(self, message, snapshot):
        self.entries[message.id].text += snapshot.text


class AlwaysAdded(ReferenceSink):
    """appends text that replaces the text before"""

    breaks = "text_replaced"

    def write(self, message, snapshot):
        self.entries[message.id].text += snapshot.delta


class FirstSkipped(ReferenceSink):
    """expects the first snapshot to be empty"""

    breaks = "text_as_sent"

    def write(self, message, snapshot):
        entry = self.entries[message.id]
        if snapshot.offset or entry.asides:
            entry.text = entry.text[: snapshot.offset] + snapshot.delta
        entry.asides.append(None)


class OneDeltaLate(ReferenceSink):
    """shows a delta when the next one arrives, and so loses the last one"""

    breaks = "every_end"

    def write(self, message, snapshot):
        entry = self.entries[message.id]
        held, entry.held = getattr(entry, "held", None), snapshot
        if held is not None:
            entry.text = entry.text[: held.offset] + held.delta


class WholeLinesOnly(ReferenceSink):
    """shows whole lines, and loses the text after the last line end"""

    breaks = "text_as_sent"

    def write(self, message, snapshot):
        entry = self.entries[message.id]
        entry.whole = getattr(entry, "whole", "")[: snapshot.offset] + snapshot.delta
        entry.text = entry.whole[: entry.whole.rfind("\n") + 1]


class BlankSkipped(ReferenceSink):
    """drops deltas that are only white space"""

    breaks = "text_as_sent"

    def write(self, message, snapshot):
        if snapshot.delta.strip():
            self.entries[message.id].text = self.entries[message.id].text[: snapshot.offset] + snapshot.delta


class OffsetsInBytes(ReferenceSink):
    """counts offsets in bytes"""

    breaks = "text_as_sent"

    def write(self, message, snapshot):
        entry = self.entries[message.id]
        entry.text = (entry.text.encode()[: snapshot.offset] + snapshot.delta.encode()).decode(
            "utf-8", "replace"
        )


class OneMessage(ReferenceSink):
    """supports one message at a time"""

    breaks = "several_at_once"

    def open(self, message):
        super().open(message)
        self.current = self.entries[message.id]

    def write(self, message, snapshot):
        self.current.text = self.current.text[: snapshot.offset] + snapshot.delta


class ByName(ReferenceSink):
    """confuses two messages of one agent"""

    breaks = "same_name_twice"

    def __init__(self):
        super().__init__()
        self.open_names = {}

    def open(self, message):
        super().open(message)
        self.open_names[message.name] = message

    def close(self, message, outcome):
        super().close(self.open_names[message.name], outcome)


class ThinkingIsText(ReferenceSink):
    """shows the reasoning as text"""

    breaks = "every_end"

    def write_delta(self, message, delta):
        if isinstance(delta, ReasoningDelta):
            self.entries[message.id].text += delta.text


class LostAtShutdown(ReferenceSink):
    """loses unwritten text when it is shut down"""

    breaks = "text_as_sent"

    def shutdown(self):
        for entry in self.entries.values():
            entry.text = entry.text[:-1]
