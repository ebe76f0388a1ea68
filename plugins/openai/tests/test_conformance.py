"""openai_chat passes the conformance kit with both transports."""

import pytest

from modelstream.testing import WrapperConformance
from modelstream.wire import OpenAIDialect

pytestmark = pytest.mark.conformance


class TestOpenAIChat(WrapperConformance):
    model_type = "openai_chat"
    dialect = OpenAIDialect()


class TestNativeTransport(WrapperConformance):
    model_type = "openai_chat"
    dialect = OpenAIDialect()
    config = {"transport": "native"}  # noqa: RUF012
