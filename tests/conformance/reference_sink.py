"""A sink that keeps what it was told in memory, and all laws: what the broken ones are made of."""

from __future__ import annotations

from modelstream import StreamSink
from modelstream.testing import SinkConformance


class Entry:
    """What is kept of one message."""

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
    """The same, with a thread of its own."""

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
