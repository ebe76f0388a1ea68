"""dashscope_chat passes the conformance kit with both transports."""

from __future__ import annotations

import pytest

from modelstream.testing import WrapperConformance
from modelstream_dashscope import DashScopeChat, DashScopeDialect

pytestmark = pytest.mark.conformance


class TestDashScopeChat(WrapperConformance):
    model_type = "dashscope_chat"
    dialect = DashScopeDialect()
    config = {"api_key": "sk-test"}  # noqa: RUF012

    def make(self, **fields):
        return DashScopeChat({"model_type": self.model_type, **fields})


class TestNativeDashScopeChat(TestDashScopeChat):
    config = {"api_key": "sk-test", "transport": "native"}  # noqa: RUF012
