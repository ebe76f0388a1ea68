"""gemini_chat passes the conformance kit with both transports."""

from importlib.util import find_spec

from modelstream.testing import WrapperConformance
from modelstream_gemini import GeminiArrayDialect, GeminiDialect


def installed_backend():
    try:
        return "genai" if find_spec("google.genai") else "generativeai"
    except ModuleNotFoundError:
        return "generativeai"


class TestGeminiChat(WrapperConformance):
    model_type = "gemini_chat"
    dialect = GeminiDialect()
    config = {"api_key": "k", "backend": installed_backend()}  # noqa: RUF012 - the kit only reads it


class TestNativeTransport(WrapperConformance):
    model_type = "gemini_chat"
    dialect = GeminiDialect()
    config = {"api_key": "k", "transport": "native"}  # noqa: RUF012 - the kit only reads it


class TestArrays(WrapperConformance):
    model_type = "gemini_chat"
    dialect = GeminiArrayDialect()
    config = {"api_key": "k", "transport": "native"}  # noqa: RUF012 - the kit only reads it
