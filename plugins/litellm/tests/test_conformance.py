"""litellm_chat keeps all laws of the conformance kit."""

import pytest

from modelstream.testing import OpenAIWire, WrapperConformance

# LiteLLM uses what is deprecated, and leaves sockets to the collector.
pytestmark = [pytest.mark.conformance, pytest.mark.filterwarnings("ignore")]


class TestLiteLLMChat(WrapperConformance):
    model_type = "litellm_chat"
    wire = OpenAIWire()
    config = {"model_name": "openai/test-model", "api_key": "test"}  # noqa: RUF012
