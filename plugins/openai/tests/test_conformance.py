"""openai_chat keeps all laws of the conformance kit, by either transport."""

import pytest

from modelstream.testing import OpenAIWire, WrapperConformance

pytestmark = pytest.mark.conformance


class TestOpenAIChat(WrapperConformance):
    model_type = "openai_chat"
    wire = OpenAIWire()


class TestNativeTransport(WrapperConformance):
    model_type = "openai_chat"
    wire = OpenAIWire()
    config = {"transport": "native"}  # noqa: RUF012
