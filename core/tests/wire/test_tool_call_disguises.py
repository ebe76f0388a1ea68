"""Tool calls, cut and disguised in every way that servers are known to use, come out as they were."""

from __future__ import annotations

import json
from itertools import zip_longest

from hypothesis import example, given
from hypothesis import strategies as st

from modelstream.call.tool_calls import ToolCalls
from modelstream.deltas import ToolCallDelta
from modelstream.wire import OpenAIFrames

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('a"\\{}[]:, é😀\n', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab}", max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)
arguments = st.dictionaries(st.text('ab"{', max_size=3), values, max_size=3).map(json.dumps)
# Names that begin like others, which a reader of fragments might join.
names = st.sampled_from(["f", "g", "get", "get_weather", "weather", "f2"])
calls = st.lists(st.tuples(names, arguments), min_size=1, max_size=4)
cuts = st.lists(st.integers(1, 9), min_size=1, max_size=4)


def parts_of(arguments, sizes):
    """The text in pieces of these sizes, over and over."""
    parts, at = [], 0
    while at < len(arguments):
        for size in sizes:
            if at < len(arguments):
                parts.append(arguments[at : at + size])
            at += size
    return parts


def piece(name=None, arguments=None, **fields):
    function = {key: value for key, value in [("name", name), ("arguments", arguments)] if value is not None}
    return {**fields, "function": function}


def openai(number, name, parts):
    yield piece(name, "", index=number, id=f"call_{number}", type="function")
    for part in parts:
        yield piece(None, part, index=number)


def index_from_one(number, name, parts):
    return openai(number + 1, name, parts)


def index_as_text(number, name, parts):
    for one in openai(number, name, parts):
        yield {**one, "index": str(number)}


def index_as_float(number, name, parts):
    for one in openai(number, name, parts):
        yield {**one, "index": float(number)}


def without_index(number, name, parts):
    for one in openai(number, name, parts):
        del one["index"]
        yield one


def null_everywhere(number, name, parts):
    for one in openai(number, name, parts):
        yield {"id": None, "type": None, **one, "index": None}


def index_zero_with_ids(number, name, parts):
    for one in openai(number, name, parts):
        yield {**one, "index": 0}


def id_with_each_piece(number, name, parts):
    for one in without_index(number, name, parts):
        yield {**one, "id": f"call_{number}"}


def id_and_name_with_each_piece(number, name, parts):
    for one in openai(number, name, parts):
        yield piece(name, one["function"]["arguments"], index=number, id=f"call_{number}")


def new_id_with_each_piece(number, name, parts):
    for position, one in enumerate(openai(number, name, parts)):
        yield {**one, "id": f"call_{number}_{position}"}


def name_with_each_piece(number, name, parts):
    for one in openai(number, name, parts):
        yield {**one, "function": {**one["function"], "name": name}}


def name_with_each_piece_and_index_zero(number, name, parts):
    for part in parts:
        yield piece(name, part, index=0)


def whole_with_index_zero(number, name, parts):
    yield piece(name, "".join(parts), index=0)


def whole_without_anything(number, name, parts):
    yield piece(name, "".join(parts))


def whole_as_an_object(number, name, parts):
    yield piece(name, json.loads("".join(parts)), index=0)


def id_first_and_name_later(number, name, parts):
    yield piece(id=f"call_{number}")
    yield piece(name)
    for part in parts:
        yield piece(None, part)


def index_from_the_second_piece_on(number, name, parts):
    for position, one in enumerate(openai(number, name, parts)):
        if position == 0:
            del one["index"]
        yield one


def index_only_in_the_first_piece(number, name, parts):
    for position, one in enumerate(openai(number, name, parts)):
        if position:
            del one["index"]
        yield one


def name_in_fragments(number, name, parts):
    for position, letter in enumerate(name):
        fields = {"index": number} if position else {"index": number, "id": f"call_{number}"}
        yield piece(letter, "", **fields)
    for part in parts:
        yield piece(None, part, index=number)


def name_growing(number, name, parts):
    for end in range(1, len(name) + 1):
        yield piece(name[:end], "", index=number, id=f"call_{number}")
    for part in parts:
        yield piece(None, part, index=number)


def among_custom_tools(number, name, parts):
    yield {
        "index": 50 + number,
        "id": f"own_{number}",
        "type": "custom",
        "custom": {"name": "x", "input": ""},
    }
    yield from openai(number, name, parts)
    yield {"index": 50 + number, "custom": {"input": "abc"}}


IN_TURNS = [
    openai,
    index_from_one,
    index_as_text,
    index_as_float,
    id_with_each_piece,
    id_and_name_with_each_piece,
    new_id_with_each_piece,
    name_with_each_piece,
    among_custom_tools,
]
"""The disguises that tell of each piece to which call it belongs."""
IN_ORDER = [
    *IN_TURNS,
    without_index,
    null_everywhere,
    index_zero_with_ids,
    name_with_each_piece_and_index_zero,
    whole_with_index_zero,
    whole_without_anything,
    whole_as_an_object,
    id_first_and_name_later,
    index_from_the_second_piece_on,
    index_only_in_the_first_piece,
    name_in_fragments,
    name_growing,
]


def assembled(frames):
    """The calls that a reader of the answer gets."""
    reader, calls, deltas = OpenAIFrames(), ToolCalls(), []
    for frame in frames:
        reader.read(json.dumps({"choices": [{"index": 0, **frame}]}).encode(), deltas)
    for delta in deltas:
        if isinstance(delta, ToolCallDelta):
            calls.add(delta, delta.arguments)
    return calls.whole(ended=True)


def check(calls, frames):
    found = assembled(frames)
    assert [(one.name, json.loads(one.arguments)) for one in found] == [
        (name, json.loads(arguments)) for name, arguments in calls
    ]
    assert all(one.complete and one.id for one in found)
    assert len({one.id for one in found}) == len(calls)


def framed(pieces):
    return [{"delta": {"tool_calls": [one]}} for one in pieces]


@given(calls, cuts, st.sampled_from(IN_ORDER))
@example([("f", "{}"), ("f", "{}")], [1], name_with_each_piece_and_index_zero)
@example([("get", "{}"), ("get_weather", "{}")], [9], whole_with_index_zero)
def test_calls_one_after_another(calls, sizes, disguise):
    check(
        calls,
        framed(
            one
            for number, (name, arguments) in enumerate(calls)
            for one in disguise(number, name, parts_of(arguments, sizes))
        ),
    )


@given(calls, cuts, st.sampled_from(IN_TURNS))
def test_calls_in_turns(calls, sizes, disguise):
    pieces = [disguise(n, name, parts_of(text, sizes)) for n, (name, text) in enumerate(calls)]
    rounds = [[one for one in turn if one is not None] for turn in zip_longest(*pieces)]
    check(calls, framed(one for turn in rounds for one in turn))
    # The pieces of a round in one frame.
    check(calls, [{"delta": {"tool_calls": turn}} for turn in rounds])


@given(calls, cuts, st.sampled_from([whole_with_index_zero, whole_without_anything, openai, without_index]))
def test_all_calls_in_one_frame(calls, sizes, disguise):
    pieces = [one for n, (name, text) in enumerate(calls) for one in disguise(n, name, parts_of(text, sizes))]
    check(calls, [{"delta": {"tool_calls": pieces}}])


@given(calls, cuts, st.sampled_from(IN_ORDER), st.booleans())
def test_calls_and_a_closing_message(calls, sizes, disguise, ids):
    pieces = [one for n, (name, text) in enumerate(calls) for one in disguise(n, name, parts_of(text, sizes))]
    whole = [piece(name, text) | ({"id": f"call_{n}"} if ids else {}) for n, (name, text) in enumerate(calls)]
    check(calls, [*framed(pieces), {"message": {"content": None, "tool_calls": whole}}])
