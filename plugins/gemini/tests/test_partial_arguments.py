"""Arguments of calls that arrive value by value (`partialArgs`, as Vertex AI streams them)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelstream.deltas import ToolCallDelta
from modelstream.errors import MalformedDataError
from modelstream.testing.server import Answer
from modelstream_gemini.dialect.partial_arguments import PartialArguments, parsed_path


def piece(path, value=None, **fields):
    kind = {str: "stringValue", bool: "boolValue", type(None): "nullValue"}.get(type(value), "numberValue")
    return {"jsonPath": path, kind: value, **fields}


def text_of(*frames):
    arguments = PartialArguments()
    return "".join([*(arguments.add(frame) for frame in frames), arguments.finish()])


CITY = [piece("$.city", "Pa", willContinue=True)], [piece("$.city", "ris")]


@pytest.mark.parametrize(
    ("frames", "arguments"),
    [
        ([], {}),
        ([[]], {}),
        (CITY, {"city": "Paris"}),
        ([[piece("$.city", "Paris", willContinue=True)]], {"city": "Paris"}),
        ([[piece("$.city", "Pa")], [piece("$.city", "ris")]], {"city": "Paris"}),
        ([*CITY, [piece("$.city", "")], [piece("$.n", 2)]], {"city": "Paris", "n": 2}),
        ([*CITY, [piece("$.n", 2)], [piece("$.city", "")]], {"city": "Paris", "n": 2}),
        ([[piece("$.n", 2), piece("$.n", 2.0), piece("$.c"), piece("$.c")]], {"n": 2, "c": None}),
        ([[piece("$.a.n", 2), piece("$.b", True), piece("$.a.n", 2)]], {"a": {"n": 2}, "b": True}),
        ([[piece("city", "Paris")]], {"city": "Paris"}),
        ([[piece("$.a", 2.0), piece("$.b", 2.5), piece("$.c", 2**70)]], {"a": 2, "b": 2.5, "c": 2**70}),
        ([[piece("$.a", True), piece("$.b", False), piece("$.c")]], {"a": True, "b": False, "c": None}),
        ([[{"jsonPath": "$.a", "nullValue": "NULL_VALUE"}]], {"a": None}),
        ([[{"jsonPath": "$.a", "numberValue": "7"}]], {"a": 7}),
        ([[{"jsonPath": "$.a", "numberValue": "NaN"}]], {"a": None}),
        ([[{"jsonPath": "$.a", "stringValue": None, "numberValue": 1, "boolValue": None}]], {"a": 1}),
        ([[{"jsonPath": "$.a", "willContinue": True}], [piece("$.a", "x")]], {"a": "x"}),
        ([[{"jsonPath": "$"}], [piece("$.a", 1)]], {"a": 1}),
        ([[piece("$.a[0]", 1), piece("$.a[1]", 2)], [piece("$.b", 3)]], {"a": [1, 2], "b": 3}),
        ([[piece("$.a[2]", 1)]], {"a": [None, None, 1]}),
        ([[piece("$.a[0][0]", 1), piece("$.a[0][1]", 2), piece("$.a[1][0]", 3)]], {"a": [[1, 2], [3]]}),
        (
            [[piece("$.a[0].b", 1), piece("$.a[0].c", 2), piece("$.a[1].b", 3)]],
            {"a": [{"b": 1, "c": 2}, {"b": 3}]},
        ),
        (
            [[piece("$.a.b.c", 1), piece("$.a.d", "x"), piece("$.e", 2)]],
            {"a": {"b": {"c": 1}, "d": "x"}, "e": 2},
        ),
        ([[piece("$['my key']", 1), piece('$["a.b"][0]', 2)]], {"my key": 1, "a.b": [2]}),
        ([[piece(r"$['it\'s \"\\ \u00e9']", 1)]], {"it's \"\\ é": 1}),
        ([[piece("$.my-key", 'a"\n\u2028\\')]], {"my-key": 'a"\n\u2028\\'}),
    ],
)
def test_values(frames, arguments):
    assert json.loads(text_of(*frames)) == arguments


@pytest.mark.parametrize(
    "frames",
    [
        [{"jsonPath": "$.a"}],
        ["$.a"],
        [[7]],
        [[{"stringValue": "x"}]],
        [[piece("$", "x")]],
        [[piece("$[0]", "x")]],
        [[piece("$.a[*]", "x")]],
        [[piece("$.a[-1]", "x")]],
        [[piece("$.a", 1), piece("$.a", 2)]],
        [[piece("$.a", "x"), piece("$.b", 1), piece("$.a", "y")]],
        [[piece("$.a.b", 1), piece("$.c", 2), piece("$.a.d", 3)]],
        [[piece("$.a[1]", 1), piece("$.a[0]", 2)]],
        [[piece("$.a[0]", 1), piece("$.a.b", 2)]],
        [[piece("$.a[999999999]", 1)]],
        [[{"jsonPath": "$.a", "numberValue": "many"}]],
        [[{"jsonPath": "$.a", "numberValue": [1]}]],
    ],
)
def test_pieces_that_can_not_be_joined(frames):
    with pytest.raises(MalformedDataError, match="can't be joined"):
        text_of(*frames)


# Random arguments

texts = st.text(max_size=12)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.dictionaries(texts, inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


def quoted(name):
    return "[" + json.dumps(name) + "]"


def pieces_of(value, path, cuts):
    """The pieces of a value as the API sends them; strings in parts of random lengths."""
    if isinstance(value, dict):
        return [one for name, inner in value.items() for one in pieces_of(inner, path + quoted(name), cuts)]
    if isinstance(value, list):
        return [one for at, inner in enumerate(value) for one in pieces_of(inner, f"{path}[{at}]", cuts)]
    if not isinstance(value, str):
        return [piece(path, value)]
    found = []
    while len(value) > 1 and cuts.draw(st.booleans()):
        size = cuts.draw(st.integers(0, len(value)))
        found.append(piece(path, value[:size], willContinue=True))
        value = value[size:]
    return [*found, piece(path, value)]


@given(st.dictionaries(texts, values, max_size=4), st.data())
def test_any_arguments_in_any_frames(arguments, cuts):
    pieces = pieces_of(arguments, "$", cuts)
    frames = []
    while pieces:
        size = cuts.draw(st.integers(1, len(pieces)))
        frames.append(pieces[:size])
        pieces = pieces[size:]
    assert json.loads(text_of(*frames)) == arguments


@given(st.lists(st.text(min_size=1, max_size=8) | st.integers(0, 99), max_size=5))
def test_any_path(segments):
    path = "".join(f"[{one}]" if isinstance(one, int) else quoted(one) for one in segments)
    assert parsed_path(f"${path}") == segments


# Through the wrapper


def call(name=None, pieces=None, more=False, signature=None, **fields):
    function = {**fields}
    if name is not None:
        function["name"] = name
    if pieces is not None:
        function["partialArgs"] = pieces
    if more:
        function["willContinue"] = True
    return {"functionCall": function, **({"thoughtSignature": signature} if signature else {})}


BEGIN = call("f", more=True)
PARIS = [call(pieces=frame, more=True) for frame in CITY]
N = call(pieces=[piece("$.n", 2)], more=True)

CALLS = {
    "as Vertex AI sends them": ([BEGIN, *PARIS, N, call()], [("f", {"city": "Paris", "n": 2})]),
    "all in one frame": ([call("f", [piece("$.n", 2)])], [("f", {"n": 2})]),
    "pieces with the name": ([call("f", CITY[0], more=True), PARIS[1], call()], [("f", {"city": "Paris"})]),
    "the name in every piece": (
        [call("f", CITY[0], more=True), call("f", CITY[1], more=True), call("f")],
        [("f", {"city": "Paris"})],
    ),
    "no arguments": ([BEGIN, call()], [("f", {})]),
    "no end": ([BEGIN, *PARIS], [("f", {"city": "Paris"})]),
    "two calls": (
        [BEGIN, *PARIS, call(), call("g", more=True), N, call()],
        [("f", {"city": "Paris"}), ("g", {"n": 2})],
    ),
    "two calls, the first without an end": (
        [BEGIN, *PARIS, call("g", more=True), N, call()],
        [("f", {"city": "Paris"}), ("g", {"n": 2})],
    ),
    "two calls of one function": (
        [call("f", [piece("$.n", 1)]), call("f", [piece("$.n", 2)])],
        [("f", {"n": 1}), ("f", {"n": 2})],
    ),
    "two ids": (
        [call("f", [piece("$.n", 1)], more=True, id="a"), call("f", [piece("$.n", 2)], id="b")],
        [("f", {"n": 1}), ("f", {"n": 2})],
    ),
    "a whole call after it": (
        [BEGIN, *PARIS, call("g", args={"x": 1})],
        [("f", {"city": "Paris"}), ("g", {"x": 1})],
    ),
    "a whole call before it": (
        [call("g", args={"x": 1}), BEGIN, N, call()],
        [("g", {"x": 1}), ("f", {"n": 2})],
    ),
    "whole arguments in the end": ([BEGIN, call(args={"n": 2})], [("f", {"n": 2})]),
    "an end without a call": ([call("g", args={"x": 1}), call()], [("g", {"x": 1})]),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls(model, server, wire, read, name):
    parts, calls = CALLS[name]
    server.play(Answer([*(wire.event(wire.candidate(part)) for part in parts), wire.end]))
    got = read(model)
    assert (got.error, got.calls, got.finish_reason) == (None, calls, "tool_calls")
    assert all(one.complete for one in got.tool_calls)
    assert len({one.id for one in got.tool_calls}) == len(calls)


def test_the_pieces_arrive_one_by_one(model, server, wire):
    parts = [BEGIN, *PARIS, N, call()]
    server.play(Answer([*(wire.event(wire.candidate(part)) for part in parts), wire.end]))
    deltas = [one for one in model("hi", stream=True).deltas if isinstance(one, ToolCallDelta)]
    assert [one.arguments for one in deltas] == ["", '{"city":"Pa', "ris", '","n":2', "}"]


def test_a_signature_of_a_call_in_pieces_goes_back(model, server, wire, read):
    parts = [call("f", more=True, signature="c2ln"), N, call()]
    server.play(Answer([*(wire.event(wire.candidate(part)) for part in parts), wire.end]))
    (called,) = read(model).tool_calls
    function = {"name": "f", "arguments": called.arguments}
    message = {
        "role": "assistant",
        "tool_calls": [{"id": called.id, "type": "function", "function": function}],
    }
    server.play(wire.hello)
    model(
        [
            {"role": "user", "content": "hi"},
            message,
            {"role": "tool", "tool_call_id": called.id, "content": "1"},
        ]
    )
    assert server.requests[-1].json["contents"][1]["parts"][0]["thoughtSignature"] == "c2ln"


def test_a_call_that_is_cut_by_a_limit_is_incomplete(model, server, wire, read):
    server.play(
        Answer(
            [*(wire.event(wire.candidate(part)) for part in [BEGIN, PARIS[0]]), wire.text("", "MAX_TOKENS")]
        )
    )
    got = read(model)
    (called,) = got.tool_calls
    assert (got.finish_reason, called.arguments, called.complete) == ("length", '{"city":"Pa', False)


def test_pieces_that_belong_to_no_call(model, server, wire, read):
    server.play(Answer([wire.event(wire.candidate(N)), wire.end]))
    assert type(read(model).error) is MalformedDataError
