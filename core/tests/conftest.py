"""What tests of the core share: a model that says what it is told to, and a sink that remembers."""

from __future__ import annotations

import pytest

import modelstream
from modelstream import ModelWrapper, StreamSink
from modelstream.models import config_store
from modelstream.plugins.registry import registry


class Told:
    """What a sink was told of one message."""

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
        self.told = []
        self._by_message = {}

    def open(self, message):
        told = self._by_message[message] = Told(message)
        self.told.append(told)

    def write(self, message, snapshot):
        told = self._by_message[message]
        assert told.open
        told.snapshots.append(snapshot)
        told.offsets.append(snapshot.offset)

    def write_delta(self, message, delta):
        assert self._by_message[message].open
        self._by_message[message].others.append(delta)

    def close(self, message, outcome):
        self._by_message[message].outcomes.append(outcome)

    @property
    def only(self):
        (told,) = self.told
        return told


@pytest.fixture
def sink():
    """The only sink of the program, and all that it was told."""
    recorder = Recorder()
    modelstream.init(sinks=[recorder])
    yield recorder
    modelstream.shutdown()


@pytest.fixture
def scripted():
    """`scripted("Hel", "lo", Finish())`: a wrapper class, registered, whose models answer so.

    An exception in the script is raised, a function called. The class's `requests` are those that were made.
    """
    made = []

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
        made.append(Scripted)
        return modelstream.register(Scripted, exist_ok=True)

    yield script
    for wrapper_class in made:
        registry().unregister(wrapper_class)
    config_store().clear()
