"""local_chat passes the laws of the conformance kit for models inside the process."""

from contextlib import contextmanager
from tempfile import NamedTemporaryFile
from unittest import mock

import pytest

from modelstream.deltas import Finish, ReasoningDelta, TextDelta, ToolCallDelta
from modelstream.testing import OpenAIWire, WrapperConformance

pytestmark = pytest.mark.conformance

WIRE = OpenAIWire()  # the engine's chunks have OpenAI's shape
PROGRESS = {"choices": [], "prompt_progress": {}}


def chunk_from(delta):
    match delta:
        case None:
            return PROGRESS
        case TextDelta(text):
            return WIRE.text(text)
        case ReasoningDelta(text):
            return WIRE.reasoning(text)
        case ToolCallDelta():
            return WIRE.tool_call(delta)
        case Finish():
            return WIRE.end(delta, None)[0]
        case _:
            return WIRE.usage(delta)


class Engine:
    """Sends the answer of the kit and, like the real engine, stops on request."""

    def __init__(self, start):
        self.start = start

    def complete(self, body, on_chunk):
        deltas = self.start()
        for delta in deltas:
            if on_chunk(chunk_from(delta)):
                deltas.close()
                return


class TestLocalChat(WrapperConformance):
    model_type = "local_chat"
    reasoning = tools = usage = True

    @contextmanager
    def engine(self, start):
        engine = Engine(start)
        with NamedTemporaryFile(suffix=".gguf") as self.weights:
            self.weights.write(b"GGUF")
            self.weights.flush()
            with mock.patch("modelstream_local.engine.engine_for", return_value=engine):
                yield

    def make(self, **fields):
        return super().make(model_path=self.weights.name, **fields)
