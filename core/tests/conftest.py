"""Shared by the tests of the core: a model that answers with a script, and a sink that records."""

from __future__ import annotations

import pytest

import modelstream
from modelstream import ModelWrapper, StreamSink
from modelstream.models import config_store
from modelstream.plugins.registry import registry


class MessageRecord:
    """The calls that a sink got for one message."""

    def __init__(self, message):
        self.message = message
        self.name = message.name
        self.role = message.role
        self.snapshots = []
        self.offsets = []
        self.others = []
        self.outcomes = []

    @property
    def pairs(self):
        return [(snapshot.last, snapshot.text) for snapshot in self.snapshots]

    @property
    def text(self):
        return self.snapshots[-1].text if self.snapshots else ""

    @property
    def outcome(self):
        (outcome,) = self.outcomes  # exactly one close
        return outcome

    @property
    def open(self):
        return not self.outcomes


class Recorder(StreamSink):
    sink_type = "recorder"
    delivery = "inline"

    def __init__(self):
        self.records = []
        self._by_message = {}

    def open(self, message):
        record = self._by_message[message] = MessageRecord(message)
        self.records.append(record)

    def write(self, message, snapshot):
        record = self._by_message[message]
        assert record.open
        record.snapshots.append(snapshot)
        record.offsets.append(snapshot.offset)

    def write_delta(self, message, delta):
        assert self._by_message[message].open
        self._by_message[message].others.append(delta)

    def close(self, message, outcome):
        self._by_message[message].outcomes.append(outcome)

    @property
    def only(self):
        (record,) = self.records
        return record


@pytest.fixture
def sink():
    """The program's only sink; it records every call."""
    recorder = Recorder()
    modelstream.init(sinks=[recorder])
    yield recorder
    modelstream.shutdown()


@pytest.fixture
def scripted():
    """`scripted("Hel", "lo", Finish())`: a wrapper class, registered, whose models answer so.

    An exception in the script is raised, a function called. The class's `requests` are those that it got.
    """
    classes = []

    def script(*items, model_type="scripted"):
        class Scripted(ModelWrapper):
            requests = []  # noqa: RUF012

            def deltas(self, request):
                self.requests.append(request)
                for item in items:
                    if isinstance(item, BaseException):
                        raise item
                    if callable(item):
                        item()
                    else:
                        yield item

        Scripted.model_type = model_type
        classes.append(Scripted)
        return modelstream.register(Scripted, exist_ok=True)

    yield script
    for wrapper_class in classes:
        registry().unregister(wrapper_class)
    config_store().clear()
