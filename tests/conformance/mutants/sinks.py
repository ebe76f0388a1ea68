# ruff: noqa: PTH123, RUF012, SIM115 (they are wrong on purpose)
"""Sinks that raise, hang, block others, or leak something."""

import threading
import time

from reference_sink import BackgroundReference, Entry, ReferenceSink

from modelstream.deltas import ReasoningDelta, ToolCallDelta


class ThinkingUnknown(ReferenceSink):
    """raises for reasoning"""

    breaks = "accepts_everything"

    def write_delta(self, message, delta):
        if isinstance(delta, ReasoningDelta):
            raise NotImplementedError("thinking")


class CallsWhole(ReferenceSink):
    """expects every piece of a tool call to have its name"""

    breaks = "accepts_everything"

    def write_delta(self, message, delta):
        if isinstance(delta, ToolCallDelta):
            delta.name.upper()


class ReasonNeeded(ReferenceSink):
    """expects a finish reason of every message"""

    breaks = "accepts_everything"

    def close(self, message, outcome):
        outcome.finish_reason.upper()
        super().close(message, outcome)


class ErrorNeeded(ReferenceSink):
    """expects an error of every message that is not complete"""

    breaks = "every_end"

    def close(self, message, outcome):
        if outcome.state != "complete":
            str(outcome.error.args[0])
        super().close(message, outcome)


class TextNeeded(ReferenceSink):
    """expects text in every message"""

    breaks = "accepts_everything"

    def open(self, message):
        pass

    def write(self, message, snapshot):
        self.entries.setdefault(message.id, Entry())
        super().write(message, snapshot)

    def write_delta(self, message, delta):
        pass


class LatinOnly(ReferenceSink):
    """raises for text that is not Latin-1"""

    breaks = "accepts_everything"

    def write(self, message, snapshot):
        snapshot.delta.encode("latin-1")
        super().write(message, snapshot)


class NamesAreWords(ReferenceSink):
    """raises for a name that is not alphanumeric"""

    breaks = "odd_text"

    def open(self, message):
        if not message.name.isalnum():
            raise ValueError(message.name)
        super().open(message)


class SlowInline(ReferenceSink):
    """is slow in the thread that reads the stream"""

    breaks = "quick_when_inline"

    def write(self, message, snapshot):
        time.sleep(0.005)
        super().write(message, snapshot)


class Hangs(BackgroundReference):
    """never returns from its third delta"""

    breaks = "huge_text"

    def write(self, message, snapshot):
        super().write(message, snapshot)
        if snapshot.offset > 5:
            threading.Event().wait()


class NotForThreads(ReferenceSink):
    """is not thread-safe"""

    breaks = "from_any_thread"

    def __init__(self):
        super().__init__()
        self.current = None

    def write(self, message, snapshot):
        self.current = self.entries[message.id]
        time.sleep(0)
        self.current.text = self.current.text[: snapshot.offset] + snapshot.delta


class ThreadKept(ReferenceSink):
    """leaves a thread running when it is shut down"""

    breaks = "nothing_leaks"

    def __init__(self):
        super().__init__()
        threading.Thread(target=threading.Event().wait, daemon=True).start()


class FileKept(ReferenceSink):
    """leaves a file open for each message"""

    breaks = "nothing_leaks"
    kept = []

    def open(self, message):
        super().open(message)
        self.kept.append(open("/dev/null", "w"))


class CancelsAll(ReferenceSink):
    """cancels the message that it shows"""

    breaks = "other_sinks_unaffected"

    def write(self, message, snapshot):
        super().write(message, snapshot)
        message.cancel()


class ExitsTheProgram(ReferenceSink):
    """ends the program when it can't go on"""

    breaks = "other_sinks_unaffected"

    def write(self, message, snapshot):
        super().write(message, snapshot)
        if snapshot.offset:
            raise SystemExit(1)


class RaisesAtTheEnd(ReferenceSink):
    """raises when it is closed after a failure"""

    breaks = "failed_answers"

    def close(self, message, outcome):
        super().close(message, outcome)
        if outcome.error is not None:
            raise outcome.error


class NotShutDown(ReferenceSink):
    """raises when it is shut down without having been used"""

    breaks = "unused"

    def shutdown(self):
        next(iter(self.entries))


class NoRoom(ReferenceSink):
    """has a queue limit of 0"""

    breaks = "well_formed"
    delivery = "background"
    queue_limit = 0


class Coroutines(ReferenceSink):
    """has a coroutine function as a method"""

    breaks = "well_formed"

    async def write(self, message, snapshot):
        super().write(message, snapshot)


class AsksAndWaits(ReferenceSink):
    """waits for the user's answer in `ask`"""

    breaks = "ask_returns"

    def ask(self, question):
        question.wait(3)


class HugeRefused(ReferenceSink):
    """raises for a delta of more than 512 KiB"""

    breaks = "huge_text"

    def write(self, message, snapshot):
        if len(snapshot.delta) > 512 * 1024:
            raise ValueError("too long")
        super().write(message, snapshot)


class FewDeltas(ReferenceSink):
    """shows no more than 1,000 deltas of a message"""

    breaks = "flood"

    def write(self, message, snapshot):
        asides = self.entries[message.id].asides
        asides.append(None)
        if len(asides) <= 1000:
            super().write(message, snapshot)


class UsedOnce(ReferenceSink):
    """can't show a second message"""

    breaks = "message_after_message"

    def open(self, message):
        if any(entry.ends for entry in self.entries.values()):
            raise RuntimeError("the sink was used before")
        super().open(message)
