"""A sink that stores messages in memory and keeps all laws; the broken sinks are subclasses of it."""

from __future__ import annotations

from modelstream import StreamSink
from modelstream.testing import SinkConformance


class Entry:
    """The stored content of one message."""

    def __init__(self):
        self.text = ""
        self.asides = []
        self.ends = 0


class ReferenceSink(StreamSink):
    """Each step is a method, so that a broken sink is one that overrides one of them."""

    sink_type = "reference"
    delivery = "inline"

    def __init__(self):
        self.entries = {}

    def open(self, message):
        self.entries[message.id] = Entry()

    def write(self, message, snapshot):
        entry = self.entries[message.id]
        entry.text = entry.text[: snapshot.offset] + snapshot.delta

    def write_delta(self, message, delta):
        self.entries[message.id].asides.append(delta)

    def close(self, message, outcome):
        self.entries[message.id].ends += 1


class BackgroundReference(ReferenceSink):
    """The same, with its own thread."""

    delivery = "background"


class Conformance(SinkConformance):
    """The tests of a sink in memory: `sink` is its class."""

    sink = None

    def make(self):
        return self.sink()

    def shown(self, sink, message):
        return sink.entries[message.id].text

    def ends(self, sink, message):
        return sink.entries[message.id].ends
