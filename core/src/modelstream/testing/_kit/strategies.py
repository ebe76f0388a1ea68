"""Hypothesis strategies for the answers of a provider, and the ways to send them."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from modelstream.deltas import Delta, Finish, ReasoningDelta, TextDelta, ToolCallDelta, Usage, UsageDelta
from modelstream.testing._kit.scenario import Fault
from modelstream.testing._kit.script import Script
from modelstream.testing._kit.style import Style

if TYPE_CHECKING:
    from modelstream.testing._kit.features import Features

ODD = (
    *("\u2028", "\u2029", "\x85", "\ufeff", "\r", "\n", "\t", "\x00", '"', "\\", "\\n", "\\u0041"),
    *("\u00e9", "\u4e2d", "\U0001f600", " ", "data: ", "[DONE]", "null", "&amp;", "<think>", "%s"),
)
"""Texts that break careless readers of streams: line ends of Unicode, marks, escapes, syntax of formats, and
characters of one to four bytes in UTF-8, and of one or two units in UTF-16."""

# Not st.characters(): its first use in a process takes seconds, for tables that are not needed here.
_code_points = st.one_of(st.integers(0x20, 0x7E), st.integers(0, 0xD7FF), st.integers(0xE000, 0x10FFFF))
_characters = _code_points.map(chr)
_texts = st.lists(st.text(_characters, max_size=6) | st.sampled_from(ODD), max_size=4).map("".join)
_names = st.text(st.sampled_from("abcdefgh_"), min_size=1, max_size=8)
_integers = st.integers(-(2**53) + 1, 2**53 - 1)
_scalars = st.one_of(_integers, st.booleans(), st.none(), st.text(_characters, max_size=5), st.just(0.5))
_objects = st.dictionaries(_names, st.one_of(_scalars, st.lists(_scalars, max_size=2)), max_size=3)
_token_counts = st.integers(0, 100_000)


@st.composite
def scripts(draw: st.DrawFn, features: Features) -> Script:
    """Answers with everything that the format supports, in any order."""
    deltas: list[Delta] = []
    calls = 0
    for kind in draw(st.lists(st.sampled_from(_kinds(features)), max_size=4)):
        if kind == "text":
            deltas += map(TextDelta, draw(split_texts(features)))
        elif kind == "reasoning":
            deltas += map(ReasoningDelta, draw(_cut(draw(_texts.filter(bool)))))
        elif kind == "call":
            deltas += draw(_calls(features, calls))
            calls += 1
        else:
            deltas.append(UsageDelta(*_fields(draw(usages(features)))))
    finish = draw(finishes(features, with_calls=calls > 0))
    return Script(deltas, finish, draw(st.none() | usages(features)))


def _kinds(features: Features) -> list[str]:
    kinds = ["text", "text"]
    if features.reasoning:
        kinds.append("reasoning")
    if features.tools:
        kinds.append("call")
    if features.usage:
        kinds.append("usage")
    return kinds


texts_only: st.SearchStrategy[Script] = st.lists(_texts.filter(bool), min_size=1, max_size=6).map(
    lambda texts: Script([TextDelta(text) for text in texts])
)
"""Answers of one or more pieces of text, none of them empty, and no character split."""


@st.composite
def split_texts(draw: st.DrawFn, features: Features) -> list[str]:
    """A text in pieces, some of them empty, cut anywhere, also inside characters if the format allows it."""
    text = draw(_texts)
    if not features.halves:
        return draw(_cut(text))
    units = text.encode("utf-16-le")
    cuts = sorted(draw(st.lists(st.integers(0, len(units) // 2), max_size=4)))
    bounds = [0, *(2 * cut for cut in cuts), len(units)]
    return [
        units[begin:end].decode("utf-16-le", "surrogatepass") for begin, end in itertools.pairwise(bounds)
    ]


@st.composite
def _cut(draw: st.DrawFn, text: str) -> list[str]:
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=3)))
    bounds = [0, *cuts, len(text)]
    return [text[begin:end] for begin, end in itertools.pairwise(bounds)]


@st.composite
def _calls(draw: st.DrawFn, features: Features, index: int) -> list[Delta]:
    arguments = json.dumps(draw(_objects), ensure_ascii=draw(st.booleans()))
    pieces = draw(_cut(arguments)) if features.tool_pieces else [arguments]
    first, *others = pieces
    begin = ToolCallDelta(index, f"call_{index}", draw(_names), first)
    return [begin, *(ToolCallDelta(index, None, None, piece) for piece in others)]


@st.composite
def call_scripts(draw: st.DrawFn, features: Features) -> Script:
    """Answers with some text and one to three tool calls."""
    deltas: list[Delta] = [TextDelta(text) for text in draw(st.lists(_texts.filter(bool), max_size=1))]
    for index in range(draw(st.integers(1, 3))):
        deltas += draw(_calls(features, index))
    return Script(deltas, draw(finishes(features, with_calls=True)))


@st.composite
def _reasoned(draw: st.DrawFn) -> Script:
    deltas: list[Delta] = []
    for _ in range(draw(st.integers(1, 2))):
        deltas += map(ReasoningDelta, draw(_cut(draw(_texts.filter(bool)))))
        deltas += map(TextDelta, draw(_cut(draw(_texts))))
    return Script(deltas)


@st.composite
def usages(draw: st.DrawFn, features: Features) -> Usage:
    """The counts that the provider sends; one that is a part of another is not greater than it."""
    inputs, outputs = draw(_token_counts), draw(_token_counts)
    counts = {
        "input_tokens": inputs,
        "output_tokens": outputs,
        "reasoning_tokens": draw(st.integers(0, outputs)),
        "cached_tokens": draw(st.integers(0, inputs)),
    }
    return Usage(**{name: counts[name] for name in features.counts})


def finishes(features: Features, *, with_calls: bool) -> st.SearchStrategy[Finish]:
    """Finish reasons: `tool_calls` if and only if there are calls."""
    reasons: list[Any] = [reason for reason in features.finishes if (reason == "tool_calls") == with_calls]
    return st.sampled_from(reasons or ["stop"]).map(Finish)


reasoned_scripts = _reasoned()
"""Answers with reasoning before the text, and sometimes in the middle."""


def finished_scripts(features: Features) -> st.SearchStrategy[Script]:
    """Short answers with every finish reason that the provider has."""
    return finishes(features, with_calls=False).map(
        lambda finish: Script([TextDelta("Hel"), TextDelta("lo")], finish)
    )


_cuts = st.lists(st.floats(0, 1, exclude_max=True), max_size=6).map(tuple)

styles = st.builds(
    Style,
    pieces=st.one_of(st.sampled_from(["frames", "whole"]), st.sampled_from([1, 2, 3, 7, 64]), _cuts),
    line_end=st.sampled_from([b"\n", b"\r\n"]),
    spaced=st.booleans(),
    comments=st.booleans(),
    ascii=st.booleans(),
    noise=st.sets(st.integers(0, 8), max_size=2).map(lambda found: tuple(sorted(found))),
    framing=st.sampled_from(["chunked", "close"]),
)
"""Ways to send the bytes."""

parts = st.floats(0, 1, exclude_max=True)
"""A fraction, from 0 to nearly 1."""


def faults(features: Features) -> st.SearchStrategy[Fault]:
    """The faults of an answer over HTTP, except silence."""
    possible = [Fault.ENDS, Fault.FALSE_END, Fault.CUT, Fault.RESET, Fault.HALF, Fault.MALFORMED]
    return st.sampled_from([*possible, Fault.ERROR] if features.errors else possible)


_plain_texts = st.text(st.sampled_from("abc d\n.,é中😀"), max_size=8)


@st.composite
def _plain(draw: st.DrawFn) -> Script:
    deltas: list[Delta] = []
    for number, kind in enumerate(
        draw(st.lists(st.sampled_from(["text", "text", "aside", "call"]), max_size=8))
    ):
        if kind == "text":
            deltas.append(TextDelta(draw(_plain_texts)))
        elif kind == "aside":
            deltas += [ReasoningDelta(draw(_plain_texts.filter(bool))), UsageDelta(number, number)]
        else:
            deltas.append(ToolCallDelta(number, f"call_{number}", "look_up", '{"a": 1}'))
    return Script(deltas)


plain_scripts = _plain()
"""Answers whose text any sink can show unchanged, mixed with reasoning, tool calls and usage."""


def everything(features: Features) -> Script:
    """One answer with everything that the format supports."""
    deltas: list[Delta] = []
    for at, word in enumerate(("Hel", "lo")):
        if features.reasoning:
            deltas += [ReasoningDelta("hm"), ReasoningDelta("!")]
        deltas += [TextDelta(word), TextDelta(" "), TextDelta("world")]
        if features.tools:
            pieces = ['{"a"', ": 1}"] if features.tool_pieces else ['{"a": 1}']
            deltas.append(ToolCallDelta(at, f"call_{at}", "look_up", pieces[0]))
            deltas += [ToolCallDelta(at, None, None, piece) for piece in pieces[1:]]
    counts = {"input_tokens": 50, "output_tokens": 70, "reasoning_tokens": 20, "cached_tokens": 10}
    usage = Usage(**{name: counts[name] for name in features.counts})
    return Script(deltas, Finish("tool_calls" if features.tools else "stop"), usage)


def _fields(usage: Usage) -> tuple[int | None, ...]:
    return usage.input_tokens, usage.output_tokens, usage.reasoning_tokens, usage.cached_tokens
