# ruff: noqa: PTH123, RUF012, SIM115 (they are wrong on purpose)
"""Sinks with one defect each."""

import threading
import time

from reference_sink import BackgroundReference, Entry, ReferenceSink

from modelstream import Outcome
from modelstream.deltas import ReasoningDelta, ToolCallDelta


class ClosesItself(ReferenceSink):
    """closes a message by itself at `last=True`, and is closed again"""

    def write(self, message, snapshot):
        super().write(message, snapshot)
        if snapshot.last:
            self.close(message, Outcome("complete"))


class EndsTwice(ReferenceSink):
    """shows the end at `last=True`, and again when the message is closed"""

    def write(self, message, snapshot):
        super().write(message, snapshot)
        self.entries[message.id].ends += snapshot.last


class EndsOnLastOnly(ReferenceSink):
    """shows the end at `last=True` only, so that an answer that breaks off never ends"""

    def write(self, message, snapshot):
        super().write(message, snapshot)
        self.entries[message.id].ends += snapshot.last

    def close(self, message, outcome):
        pass


class CancelledForgotten(ReferenceSink):
    """does not show the end of messages that were cancelled"""

    def close(self, message, outcome):
        if outcome.state != "cancelled":
            super().close(message, outcome)


class LongDeltasCut(ReferenceSink):
    """takes a delta for one word, and cuts it to a line of its own"""

    def write(self, message, snapshot):
        self.entries[message.id].text += snapshot.delta[:12]


class WholeTextAdded(ReferenceSink):
    """adds the whole text so far for each delta"""

    def write(self, message, snapshot):
        self.entries[message.id].text += snapshot.text


class AlwaysAdded(ReferenceSink):
    """adds text that begins afresh to what was there before"""

    def write(self, message, snapshot):
        self.entries[message.id].text += snapshot.delta


class FirstSkipped(ReferenceSink):
    """expects the first snapshot to be empty"""

    def write(self, message, snapshot):
        entry = self.entries[message.id]
        if snapshot.offset or entry.asides:
            entry.text = entry.text[: snapshot.offset] + snapshot.delta
        entry.asides.append(None)


class OneBehind(ReferenceSink):
    """keeps a delta to itself until the next one comes, and so loses the last one"""

    def write(self, message, snapshot):
        entry = self.entries[message.id]
        held, entry.held = getattr(entry, "held", None), snapshot
        if held is not None:
            entry.text = entry.text[: held.offset] + held.delta


class WholeLinesOnly(ReferenceSink):
    """shows whole lines, and loses what stands behind the last line end"""

    def write(self, message, snapshot):
        entry = self.entries[message.id]
        entry.whole = getattr(entry, "whole", "")[: snapshot.offset] + snapshot.delta
        entry.text = entry.whole[: entry.whole.rfind("\n") + 1]


class BlankSkipped(ReferenceSink):
    """takes white space for nothing"""

    def write(self, message, snapshot):
        if snapshot.delta.strip():
            self.entries[message.id].text = self.entries[message.id].text[: snapshot.offset] + snapshot.delta


class OffsetsInBytes(ReferenceSink):
    """takes offsets for bytes"""

    def write(self, message, snapshot):
        entry = self.entries[message.id]
        entry.text = (entry.text.encode()[: snapshot.offset] + snapshot.delta.encode()).decode(
            "utf-8", "replace"
        )


class OneMessage(ReferenceSink):
    """knows one message at a time"""

    def open(self, message):
        super().open(message)
        self.current = self.entries[message.id]

    def write(self, message, snapshot):
        self.current.text = self.current.text[: snapshot.offset] + snapshot.delta


class ByName(ReferenceSink):
    """takes two messages of one agent for the same"""

    def __init__(self):
        super().__init__()
        self.open_names = {}

    def open(self, message):
        super().open(message)
        self.open_names[message.name] = message

    def close(self, message, outcome):
        super().close(self.open_names[message.name], outcome)


class ThinkingIsText(ReferenceSink):
    """shows the model's thinking as text"""

    def write_delta(self, message, delta):
        if isinstance(delta, ReasoningDelta):
            self.entries[message.id].text += delta.text


class ThinkingUnknown(ReferenceSink):
    """raises when the model thinks"""

    def write_delta(self, message, delta):
        if isinstance(delta, ReasoningDelta):
            raise NotImplementedError("thinking")


class CallsWhole(ReferenceSink):
    """expects every piece of a tool call to have its name"""

    def write_delta(self, message, delta):
        if isinstance(delta, ToolCallDelta):
            delta.name.upper()


class ReasonNeeded(ReferenceSink):
    """expects a finish reason of every message"""

    def close(self, message, outcome):
        outcome.finish_reason.upper()
        super().close(message, outcome)


class ErrorNeeded(ReferenceSink):
    """expects an error of every message that is not complete"""

    def close(self, message, outcome):
        if outcome.state != "complete":
            str(outcome.error.args[0])
        super().close(message, outcome)


class TextNeeded(ReferenceSink):
    """expects text in every message"""

    def open(self, message):
        pass

    def write(self, message, snapshot):
        self.entries.setdefault(message.id, Entry())
        super().write(message, snapshot)

    def write_delta(self, message, delta):
        pass


class LatinOnly(ReferenceSink):
    """raises for text that is not Latin-1"""

    def write(self, message, snapshot):
        snapshot.delta.encode("latin-1")
        super().write(message, snapshot)


class NamesAreWords(ReferenceSink):
    """raises for a name that is no word"""

    def open(self, message):
        if not message.name.isalnum():
            raise ValueError(message.name)
        super().open(message)


class SlowInline(ReferenceSink):
    """waits for something slow in the place where the stream is read"""

    def write(self, message, snapshot):
        time.sleep(0.005)
        super().write(message, snapshot)


class Hangs(BackgroundReference):
    """never comes back from its third delta"""

    def write(self, message, snapshot):
        super().write(message, snapshot)
        if snapshot.offset > 5:
            threading.Event().wait()


class NotForThreads(ReferenceSink):
    """is called from several threads, and reads and writes back as if it were not"""

    def __init__(self):
        super().__init__()
        self.current = None

    def write(self, message, snapshot):
        self.current = self.entries[message.id]
        time.sleep(0)
        self.current.text = self.current.text[: snapshot.offset] + snapshot.delta


class ThreadKept(ReferenceSink):
    """leaves a thread behind when it is shut down"""

    def __init__(self):
        super().__init__()
        threading.Thread(target=threading.Event().wait, daemon=True).start()


class FileKept(ReferenceSink):
    """leaves a file open for each message"""

    kept = []

    def open(self, message):
        super().open(message)
        self.kept.append(open("/dev/null", "w"))


class CancelsAll(ReferenceSink):
    """cancels the message that it shows"""

    def write(self, message, snapshot):
        super().write(message, snapshot)
        message.cancel()


class ExitsTheProgram(ReferenceSink):
    """ends the program when it can't go on"""

    def write(self, message, snapshot):
        super().write(message, snapshot)
        if snapshot.offset:
            raise SystemExit(1)


class RaisesAtTheEnd(ReferenceSink):
    """raises when it is closed after a failure"""

    def close(self, message, outcome):
        super().close(message, outcome)
        if outcome.error is not None:
            raise outcome.error


class NotShutDown(ReferenceSink):
    """raises when it is shut down without having been used"""

    def shutdown(self):
        next(iter(self.entries))


class LostAtShutdown(ReferenceSink):
    """forgets at its end what it has not written out"""

    def shutdown(self):
        for entry in self.entries.values():
            entry.text = entry.text[:-1]


class NoRoom(ReferenceSink):
    """has a queue with room for nothing"""

    delivery = "background"
    queue_limit = 0


class Coroutines(ReferenceSink):
    """is written as a coroutine"""

    async def write(self, message, snapshot):
        super().write(message, snapshot)


class AsksAndWaits(ReferenceSink):
    """waits for the user's answer in `ask`"""

    def ask(self, question):
        question.wait(3)
