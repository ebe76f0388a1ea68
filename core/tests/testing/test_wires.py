"""The parts of a wire, and the bytes that it writes for a script."""

import json

import pytest

from modelstream.deltas import Finish, ReasoningDelta, StateDelta, TextDelta, ToolCallDelta, Usage, UsageDelta
from modelstream.testing import JsonArrayWire, NdjsonWire, OpenAIWire, Script, SseWire
from modelstream.testing._kit.encoded import EncodedScenario
from modelstream.testing._kit.features import Features
from modelstream.testing._kit.scenario import Fault, Scenario
from modelstream.testing._kit.style import PLAIN, Style
from modelstream.testing.server import Gate
from modelstream.wire import JsonArrayFramer, NdjsonFramer, OpenAIFrames, SseFramer


class Plain:
    finishes = {"stop": "done", "length": "long"}  # noqa: RUF012

    def text(self, text):
        return {"text": text}

    def end(self, finish, usage):
        return [{"end": finish.raw}, "bye"]

    def whole(self, script):
        return {"text": script.text}

    def refusal(self, status, code, message):
        return {"error": message}

    def error(self, status, code, message):
        return {"error": message}


class PlainSse(Plain, SseWire):
    pass


class PlainNdjson(Plain, NdjsonWire):
    def end(self, finish, usage):
        return super().end(finish, usage)[:1]


class PlainArray(Plain, JsonArrayWire):
    def end(self, finish, usage):
        return super().end(finish, usage)[:1]


HELLO = Script([TextDelta("Hel"), TextDelta("lo 😀\u2028")], Finish("length"))
FRAMES = [{"text": "Hel"}, {"text": "lo 😀\u2028"}, {"end": "long"}]


def body(wire, scenario):
    return b"".join(piece for piece in EncodedScenario(wire, scenario).body if isinstance(piece, bytes))


def framed(framer, data):
    return [json.loads(frame) for frame in (*framer.feed(data), *framer.finish()) if frame != b"bye"]


STYLES = [
    PLAIN,
    Style(pieces="whole"),
    Style(pieces=1),
    Style(pieces=(0.1, 0.5, 0.5)),
    Style(line_end=b"\r\n", spaced=False, comments=True),
    Style(ascii=True),
]


@pytest.mark.parametrize("style", STYLES, ids=repr)
@pytest.mark.parametrize(
    ("wire", "framer"),
    [(PlainSse(), SseFramer), (PlainNdjson(), NdjsonFramer), (PlainArray(), JsonArrayFramer)],
)
def test_every_style_has_the_same_content(wire, framer, style):
    assert framed(framer(), body(wire, Scenario(HELLO, style=style))) == FRAMES


def test_an_array_is_one_document():
    assert json.loads(body(PlainArray(), Scenario(HELLO))) == FRAMES


@pytest.mark.parametrize("style", STYLES, ids=repr)
def test_pieces_make_the_body(style):
    pieces = EncodedScenario(PlainSse(), Scenario(HELLO, style=style)).body
    assert all(pieces)
    if style.pieces == 1:
        assert {len(piece) for piece in pieces} == {1}
    if style.pieces == "whole":
        assert len(pieces) == 1


def test_halves_of_characters_are_escaped():
    script = Script([TextDelta("\ud83d"), TextDelta("\ude00")])
    assert script.text == "😀"
    assert b'{"text":"\\ud83d"}' in body(PlainSse(), Scenario(script))


def test_gates_follow_their_frames():
    gates = [Gate(), Gate(), Gate()]
    pieces = EncodedScenario(PlainSse(), Scenario(HELLO, gates=gates, style=Style(pieces="whole"))).body
    assert [piece if isinstance(piece, Gate) else type(piece) for piece in pieces] == [
        bytes,
        gates[0],
        bytes,
        gates[1],
        bytes,
        gates[2],
        bytes,
    ]


def test_a_fault_follows_the_deltas():
    frames = framed(SseFramer(), body(PlainSse(), Scenario(HELLO, 1, Fault.ENDS)))
    assert frames == FRAMES[:1]
    assert framed(SseFramer(), body(PlainSse(), Scenario(HELLO, 1, Fault.ERROR)))[1]["error"]
    half = body(PlainSse(), Scenario(HELLO, 1, Fault.HALF, half=0.99))
    assert half.startswith(b'data: {"text":"Hel"}\n\ndata: {"text":')
    assert not half.endswith(b"}")


def test_overridden_methods_are_the_features_of_the_format():
    assert Features.of(PlainSse()) == Features(
        errors=True, tool_pieces=False, halves=True, terminal=False, finishes=Plain.finishes
    )
    openai = Features.of(OpenAIWire())
    assert openai.terminal
    assert openai.early_finish
    assert openai.reasoning
    assert openai.tools
    assert openai.usage
    assert openai.errors


def test_openai():
    usage = Usage(5, 7, 2, 1)
    deltas = [
        ReasoningDelta("hm"),
        "Hel",
        UsageDelta(5, 1, 0, 0),
        ToolCallDelta(0, "c1", "look_up", '{"n"'),
        ToolCallDelta(0, None, None, ": 1}"),
    ]
    script = Script(
        [TextDelta(one) if isinstance(one, str) else one for one in deltas], Finish("tool_calls"), usage
    )
    scenario = Scenario(script, style=Style(noise=(0, 2)))
    reader, items = OpenAIFrames(), []
    for frame in SseFramer().feed(body(OpenAIWire(), scenario)):
        reader.read(frame, items)
    state = StateDelta({}, "reasoning_content")
    assert items == [state, *deltas, Finish("tool_calls", "tool_calls"), UsageDelta(5, 7, 2, 1)]
    assert reader.done


def test_openai_whole():
    script = Script(
        [ReasoningDelta("hm"), TextDelta("Hel"), ToolCallDelta(0, "c1", "f", "{}")], None, Usage(5, 7)
    )
    wire, items = OpenAIWire(), []
    OpenAIFrames().read_whole(wire.payload(wire.whole(script.with_raw_finish(wire.finishes))), items)
    assert items == [
        StateDelta({}, "reasoning_content"),
        ReasoningDelta("hm"),
        "Hel",
        ToolCallDelta(0, "c1", "f", "{}"),
        UsageDelta(5, 7),
        Finish("stop", "stop"),
    ]


def test_a_script_has_no_finish_in_its_middle():
    with pytest.raises(TypeError, match="in the middle"):
        body(PlainSse(), Scenario(Script([Finish("stop")])))
