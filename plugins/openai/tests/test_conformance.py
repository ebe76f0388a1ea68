"""openai_chat keeps all laws of the conformance kit."""

import pytest

from modelstream.testing import OpenAIWire, WrapperConformance

pytestmark = pytest.mark.conformance


class TestOpenAIChat(WrapperConformance):
    model_type = "openai_chat"
    wire = OpenAIWire()
