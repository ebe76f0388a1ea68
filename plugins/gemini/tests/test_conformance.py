"""gemini_chat keeps all laws of the conformance kit, by either transport."""

from importlib.util import find_spec

from modelstream.testing import WrapperConformance
from modelstream_gemini import GeminiArrayDialect, GeminiDialect


def installed():
    try:
        return "genai" if find_spec("google.genai") else "generativeai"
    except ModuleNotFoundError:
        return "generativeai"


class TestGeminiChat(WrapperConformance):
    model_type = "gemini_chat"
    dialect = GeminiDialect()
    config = {"api_key": "k", "backend": installed()}  # noqa: RUF012 - the kit only reads it


class TestNativeTransport(WrapperConformance):
    model_type = "gemini_chat"
    dialect = GeminiDialect()
    config = {"api_key": "k", "transport": "native"}  # noqa: RUF012 - the kit only reads it


class TestArrays(WrapperConformance):
    model_type = "gemini_chat"
    dialect = GeminiArrayDialect()
    config = {"api_key": "k", "transport": "native"}  # noqa: RUF012 - the kit only reads it
