"""ollama_chat keeps all laws of the conformance kit, by either transport."""

from __future__ import annotations

import pytest

from modelstream.testing import WrapperConformance
from modelstream_ollama import OllamaDialect

pytestmark = pytest.mark.conformance


class TestOllamaChat(WrapperConformance):
    model_type = "ollama_chat"
    dialect = OllamaDialect()


class TestNativeTransport(WrapperConformance):
    model_type = "ollama_chat"
    dialect = OllamaDialect()
    config = {"transport": "native"}  # noqa: RUF012
