"""The wire of OpenAI's chat completions under the name that it has in the conformance kit."""

from modelstream.wire.openai.dialect import OpenAIDialect


class OpenAIWire(OpenAIDialect):
    """`modelstream.wire.OpenAIDialect`, for tests that need no more than a `Wire`."""
