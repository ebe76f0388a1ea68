"""The terminal sink passes the conformance kit."""

import io

import pytest

from modelstream.testing import SinkConformance
from modelstream_terminal import TerminalSink

pytestmark = pytest.mark.conformance


class TestTerminal(SinkConformance):
    sink_type = "terminal"
    read_back = None

    @pytest.fixture(autouse=True)
    def _reader(self, read_back):
        type(self).read_back = staticmethod(read_back)

    def make(self):
        return TerminalSink(file=io.StringIO(), reasoning=False, tools=False, notes=False)

    def shown(self, sink, message):
        sections = self.read_back(sink._console._target().getvalue())[message.name]
        return sections[-1][1].removesuffix("\n")  # one section, unless the text started over

    def looks(self, text):
        return text.removesuffix("\n")
