"""The wire of OpenAI's chat completions, for the conformance kit."""

from modelstream.wire.openai.dialect import OpenAIDialect


class OpenAIWire(OpenAIDialect):
    """`modelstream.wire.OpenAIDialect`, for tests that only need a `Wire`."""
