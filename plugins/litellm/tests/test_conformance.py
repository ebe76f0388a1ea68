"""litellm_chat passes the conformance kit."""

import pytest

from modelstream.testing import WrapperConformance
from modelstream.wire import OpenAIDialect

# LiteLLM uses deprecated functions, and leaves sockets to the collector.
pytestmark = [pytest.mark.conformance, pytest.mark.filterwarnings("ignore")]


class TestLiteLLMChat(WrapperConformance):
    model_type = "litellm_chat"
    dialect = OpenAIDialect()
    config = {"model_name": "openai/test-model", "api_key": "test"}  # noqa: RUF012
