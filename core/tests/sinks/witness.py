"""A sink that remembers what it was told, and does in each call what the test wants."""

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


class Told:
    """What a witness was told of one message."""

    def __init__(self, message):
        self.message = message
        self.calls = []

    @property
    def methods(self):
        return [method for method, _ in self.calls]

    @property
    def news(self):
        return [thing for method, thing in self.calls if method in ("write", "write_delta")]

    @property
    def deltas(self):
        return [thing.delta for method, thing in self.calls if method == "write" and not thing.last]

    @property
    def text(self):
        return state_after(self.news)[0]

    @property
    def outcome(self):
        (outcome,) = [thing for method, thing in self.calls if method == "close"]
        return outcome


class Witness(StreamSink):
    """`does(method, message, thing)` is called in each call, after it was noted; it may wait or raise."""

    sink_type = "witness"

    def __init__(self, does=None, **settings):
        for name, value in settings.items():
            setattr(self, name, value)
        self.does = does or (lambda *_: None)
        self.told = {}
        self.threads = set()
        self.shutdowns = 0
        self.wrote = threading.Event()

    def open(self, message):
        self._note("open", message, None)

    def write(self, message, snapshot):
        self._note("write", message, snapshot)

    def write_delta(self, message, delta):
        self._note("write_delta", message, delta)

    def close(self, message, outcome):
        self._note("close", message, outcome)

    def shutdown(self):
        self.shutdowns += 1
        self.does("shutdown", None, None)

    @property
    def only(self):
        (told,) = self.told.values()
        return told

    @property
    def all_told(self):
        return list(self.told.values())

    def _note(self, method, message, thing):
        self.threads.add(threading.current_thread())
        self.told.setdefault(message, Told(message)).calls.append((method, thing))
        if method == "write":
            self.wrote.set()
        self.does(method, message, thing)


class Gate:
    """Has a sink stop in one of its methods until it is released. For `does`."""

    def __init__(self, method="write"):
        self.method = method
        self.reached = threading.Event()
        self._released = threading.Event()

    def __call__(self, method, message, thing):
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


class Talk:
    """A message to sinks, told as the core tells it."""

    def __init__(self, *sinks, name="Bob"):
        self.message = Message(name)
        self.sent = ""
        self.broadcast = Broadcast(self.message, sinks)

    def say(self, *deltas):
        for delta in deltas:
            offset, self.sent = len(self.sent), self.sent + delta
            self.broadcast.write(Snapshot(delta, False, offset, FixedText(self.sent)))
        return self

    def afresh(self, text):
        self.sent = ""
        return self.say(text)

    def tell(self, *deltas):
        for delta in deltas:
            self.broadcast.write_delta(delta)
        return self

    def done(self, outcome=COMPLETE):
        if outcome.state == "complete":
            self.broadcast.write(Snapshot("", True, len(self.sent), FixedText(self.sent)))
        self.broadcast.close(outcome)
        return self


def state_after(news):
    """Where news lead: text, reasoning, tool calls, token counts, and how often the last one came."""
    text, reasoning, calls, usage, lasts = "", "", ToolCalls(), None, 0
    for one in news:
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
    return text, reasoning, calls.whole(), usage and (usage.input_tokens, usage.output_tokens), lasts


class Scripted(ModelWrapper):
    """Answers with the items it was made with; an exception is raised, a function called."""

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
