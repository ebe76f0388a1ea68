"""The sink passes the conformance kit, with the messages as Studio received them."""

from __future__ import annotations

import pytest
from fake_studio import TOKEN, FakeStudio

from modelstream.testing import SinkConformance
from modelstream_studio import Studio

pytestmark = pytest.mark.conformance


class TestStudio(SinkConformance):
    sink_type = "studio"
    studio = None

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _studio(cls):
        with FakeStudio() as cls.studio:
            yield

    def make(self):
        return Studio(url=self.studio.url, token=TOKEN)

    def shown(self, sink, message):
        return self._stored(message).text

    def ends(self, sink, message):
        self.studio.memory.wait_for(lambda: message.id in self.studio.memory.messages, 5)
        self.studio.memory.wait_for(lambda: self._stored(message).closes, 5)
        return len(self._stored(message).closes)

    def _stored(self, message):
        return self.studio.memory.messages[message.id]
