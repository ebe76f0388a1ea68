"""The reference wrapper and sinks keep all laws: the kit raises no false alarm."""

import pytest
from reference import ReferenceChat
from reference_sink import BackgroundReference, Conformance, ReferenceSink

from modelstream.testing import OpenAIWire, WrapperConformance

pytestmark = pytest.mark.conformance


class TestReference(WrapperConformance):
    wire = OpenAIWire()

    def make(self, **fields):
        return ReferenceChat(**fields)


class TestReferenceSink(Conformance):
    sink = ReferenceSink


class TestBackgroundReference(Conformance):
    sink = BackgroundReference
