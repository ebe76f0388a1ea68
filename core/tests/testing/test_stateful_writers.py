"""A dialect whose frames depend on those before: named events, numbered blocks, an end of several frames."""

import json

import pytest

from modelstream.deltas import Finish, TextDelta, Usage, UsageDelta
from modelstream.errors import MalformedDataError
from modelstream.testing import DialectConformance, LawBrokenError, Script
from modelstream.testing._kit.encoded import EncodedScenario
from modelstream.testing._kit.scenario import Fault, Scenario
from modelstream.testing.server import Gate
from modelstream.wire import SSE_EVENTS, AnswerWriter, Dialect, Event, Sample, SseEventFramer, sent_error

WORDS = {"stop": "end_turn", "length": "max_tokens"}


class BlockReader:
    done = False

    def __init__(self):
        self.reason = None
        self.block = -1

    def read(self, frame, items):
        try:
            data = json.loads(frame.data)
        except ValueError as why:
            raise MalformedDataError(str(why)) from why
        kind = frame.event.decode()
        if kind == "error":
            raise sent_error(data)
        if kind == "block_start":
            assert data["block"] == self.block + 1
            self.block += 1
        elif kind == "text":
            assert data["block"] == self.block
            items.append(data["text"])
        elif kind == "message_delta":
            self.reason = data["reason"]
            if data["tokens"] is not None:
                items.append(UsageDelta(None, data["tokens"]))
        elif kind == "message_stop":
            items.append(Finish({word: ours for ours, word in WORDS.items()}[self.reason], self.reason))
            self.done = True

    def read_whole(self, body, items):
        data = json.loads(body)
        items.append(data["text"])
        if data["tokens"] is not None:
            items.append(UsageDelta(None, data["tokens"]))
        items.append(Finish({word: ours for ours, word in WORDS.items()}[data["reason"]], data["reason"]))


class BlockWriter(AnswerWriter):
    """Each second text begins a block."""

    def __init__(self):
        self.block = -1
        self.texts = 0

    def start(self):
        return [Event("message_start", {"tokens": 0})]

    def write(self, delta):
        text = delta if isinstance(delta, str) else delta.text
        self.texts += 1
        frames = []
        if self.texts % 2:
            self.block += 1
            frames.append(Event("block_start", {"block": self.block}))
        return [*frames, Event("text", {"block": self.block, "text": text})]

    def end(self, finish, usage):
        reason = finish.raw or WORDS[finish.reason]
        tokens = usage and usage.output_tokens
        stops = [Event("block_stop", {"block": at}) for at in range(self.block + 1)]
        return [
            *stops,
            Event("message_delta", {"reason": reason, "tokens": tokens}),
            Event("message_stop", {}),
        ]

    def error(self, status, code, message):
        return [Event("error", {"error": {"message": message, "code": code}})]


class Blocks(Dialect):
    name = "blocks"
    framing = SSE_EVENTS
    finishes = WORDS
    counts = ("output_tokens",)
    end_marker = -1
    carries = frozenset({"error"})

    def reader(self):
        return BlockReader()

    def writer(self):
        return BlockWriter()

    def whole(self, answer):
        return {
            "text": answer.text,
            "reason": answer.finish.raw,
            "tokens": answer.usage and answer.usage.output_tokens,
        }

    def refusal(self, status, code, message):
        return {"error": {"message": message, "code": code}}

    def samples(self):
        body = (
            b"event: message_start\ndata: {}\n\n"
            b'event: block_start\ndata: {"block": 0}\n\nevent: text\ndata: {"block": 0, "text": "Hi"}\n\n'
            b'event: message_delta\ndata: {"reason": "end_turn", "tokens": 1}\n\n'
            b"event: message_stop\ndata: {}\n\n"
        )
        return [Sample("hi", body, ("Hi", UsageDelta(None, 1), Finish("stop", "end_turn")))]


class TestBlocks(DialectConformance):
    dialect = Blocks()


HELLO = Script([TextDelta("a"), TextDelta("b"), TextDelta("c")], Finish("stop"), Usage(None, 3))


def events(scenario):
    body = b"".join(piece for piece in EncodedScenario(Blocks(), scenario).body if isinstance(piece, bytes))
    return [event.event.decode() for event in SseEventFramer().feed(body)]


def test_the_gate_of_the_end_stands_after_its_last_frame():
    gates = [Gate() for _ in range(4)]
    pieces = EncodedScenario(Blocks(), Scenario(HELLO, gates=gates)).body
    assert pieces[-1] is gates[-1]
    assert b"message_stop" in pieces[-2]


def test_an_answer_that_fails_after_its_end_has_all_frames_of_the_end():
    assert events(Scenario(HELLO, fault=Fault.ENDS, ended=True))[-2:] == ["message_delta", "message_stop"]


def test_a_writer_goes_on_after_a_fault():
    assert events(Scenario(HELLO, length=1, fault=Fault.ERROR))[:4] == [
        "message_start",
        "block_start",
        "text",
        "error",
    ]


def test_half_a_frame_is_half_of_the_next_one():
    assert events(Scenario(HELLO, length=2, fault=Fault.HALF)) == [
        "message_start",
        "block_start",
        "text",
        "text",
    ]


def test_a_wrong_end_marker_is_noticed():
    class Wrong(Blocks):
        end_marker = 0

    class Suite(DialectConformance):
        dialect = Wrong()

    with pytest.raises(LawBrokenError, match="end_marker"):
        Suite().test_no_end_before_its_marker(way="streamed")
