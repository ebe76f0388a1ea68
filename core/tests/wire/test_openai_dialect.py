"""OpenAI's dialect keeps all laws of dialects."""

from modelstream.testing import DialectConformance
from modelstream.wire import OpenAIDialect


class TestOpenAI(DialectConformance):
    dialect = OpenAIDialect()
