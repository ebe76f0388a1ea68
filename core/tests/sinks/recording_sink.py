"""A sink that records its calls and runs a test's callback in each of them."""

from __future__ import annotations

import threading

from modelstream import Message, Outcome, StreamSink
from modelstream.call.tool_calls import ToolCalls
from modelstream.deltas import Finish, ReasoningDelta, ToolCallDelta, UsageDelta
from modelstream.showing.broadcast import Broadcast
from modelstream.sinks.delivery.background import flush
from modelstream.snapshot import FixedText, Snapshot
from modelstream.wrapper import ModelWrapper

LIMIT = 20.0
"""Seconds until a test gives up waiting."""

COMPLETE = Outcome("complete", "stop")


class MessageRecord:
    """The calls that a `RecordingSink` got for one message."""

    def __init__(self, message):
        self.message = message
        self.calls = []

    @property
    def methods(self):
        return [method for method, _ in self.calls]

    @property
    def items(self):
        return [item for method, item in self.calls if method in ("write", "write_delta")]

    @property
    def deltas(self):
        return [item.delta for method, item in self.calls if method == "write" and not item.last]

    @property
    def text(self):
        return state_after(self.items)[0]

    @property
    def outcome(self):
        (outcome,) = [item for method, item in self.calls if method == "close"]
        return outcome


class RecordingSink(StreamSink):
    """`on_call(method, message, item)` runs in each call, after it was recorded; it may wait or raise."""

    sink_type = "recording"

    def __init__(self, on_call=None, **settings):
        for name, value in settings.items():
            setattr(self, name, value)
        self.on_call = on_call or (lambda *_: None)
        self.records = {}
        self.threads = set()
        self.shutdowns = 0
        self.wrote = threading.Event()

    def open(self, message):
        self._record("open", message, None)

    def write(self, message, snapshot):
        self._record("write", message, snapshot)

    def write_delta(self, message, delta):
        self._record("write_delta", message, delta)

    def close(self, message, outcome):
        self._record("close", message, outcome)

    def shutdown(self):
        self.shutdowns += 1
        self.on_call("shutdown", None, None)

    @property
    def only(self):
        (record,) = self.records.values()
        return record

    @property
    def all_records(self):
        return list(self.records.values())

    def _record(self, method, message, item):
        self.threads.add(threading.current_thread())
        self.records.setdefault(message, MessageRecord(message)).calls.append((method, item))
        if method == "write":
            self.wrote.set()
        self.on_call(method, message, item)


class Gate:
    """Has a sink stop in one of its methods until it is released. for `on_call`."""

    def __init__(self, method="write"):
        self.method = method
        self.reached = threading.Event()
        self._released = threading.Event()

    def __call__(self, method, message, item):
        if method == self.method:
            self.reached.set()
            assert self._released.wait(LIMIT)

    def release(self):
        self._released.set()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.release()
        assert flush(LIMIT)


class MessageWriter:
    """Sends a message to sinks, as the core does."""

    def __init__(self, *sinks, name="Bob"):
        self.message = Message(name)
        self.sent = ""
        self.broadcast = Broadcast(self.message, sinks)

    def write(self, *deltas):
        for delta in deltas:
            offset, self.sent = len(self.sent), self.sent + delta
            self.broadcast.write(Snapshot(delta, False, offset, FixedText(self.sent)))
        return self

    def restart(self, text):
        self.sent = ""
        return self.write(text)

    def write_delta(self, *deltas):
        for delta in deltas:
            self.broadcast.write_delta(delta)
        return self

    def done(self, outcome=COMPLETE):
        if outcome.state == "complete":
            self.broadcast.write(Snapshot("", True, len(self.sent), FixedText(self.sent)))
        self.broadcast.close(outcome)
        return self


def state_after(items):
    """The text, reasoning, tool calls and token counts after these items, and how many were the last."""
    text, reasoning, calls, usage, lasts = "", "", ToolCalls(), None, 0
    for one in items:
        if isinstance(one, Snapshot):
            assert one.offset in (len(text), 0), "there is a gap"
            text = text[: one.offset] + one.delta
            assert one.text == text
            lasts += one.last
        elif isinstance(one, ReasoningDelta):
            reasoning += one.text
        elif isinstance(one, ToolCallDelta):
            calls.add(one, one.arguments)
        elif isinstance(one, UsageDelta):
            usage = one if usage is None else usage.updated(one)
    return (
        text,
        reasoning,
        calls.whole(ended=True),
        usage and (usage.input_tokens, usage.output_tokens),
        lasts,
    )


class Scripted(ModelWrapper):
    """Answers with the items it was created with; an exception is raised, a function called."""

    model_type = "scripted"

    def __init__(self, *items):
        super().__init__()
        self.items = items
        self.cancelled = threading.Event()

    def deltas(self, request):
        request.on_cancel(self.cancelled.set)
        for item in self.items:
            if isinstance(item, BaseException):
                raise item
            if callable(item):
                item()
            else:
                yield item


class AsyncScripted(ModelWrapper):
    """The same as an async wrapper; a coroutine function is awaited."""

    model_type = "async_scripted"

    def __init__(self, *items):
        super().__init__()
        self.items = items
        self.cancelled = threading.Event()

    async def adeltas(self, request):
        request.on_cancel(self.cancelled.set)
        for item in self.items:
            if isinstance(item, BaseException):
                raise item
            if callable(item):
                await item()
            else:
                yield item


def answer(*items):
    """A streamed response with these deltas."""
    return Scripted(*items)("?", stream=True)


FINISH = Finish("stop")
