"""Random scripts: everything that a model wrapper may yield, in any order and any batches."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from modelstream.deltas import FINISH_REASONS, Finish, ReasoningDelta, TextDelta, ToolCallDelta, UsageDelta
from modelstream.errors import BadRequestError, ConnectionLostError, MalformedDataError

# Halves of characters among the rest, so that they meet, miss each other or occur alone.
_ALPHABET = st.one_of(
    st.sampled_from(
        ["a", " ", "\n", "\0", "é", "漢", "\u2028", "😀", "\ud83d", "\ude00", "\udbff", "\udc00", "\ud800"]
    ),
    st.characters(exclude_categories=()),
)
texts = st.text(_ALPHABET, max_size=6)
counts = st.one_of(st.none(), st.integers(0, 10_000))

text_deltas = st.one_of(texts, texts.map(TextDelta))
reasoning_deltas = st.builds(ReasoningDelta, texts)
tool_call_deltas = st.builds(
    ToolCallDelta,
    index=st.integers(0, 2),
    id=st.one_of(st.none(), st.sampled_from(["call_a", "call_b", "call_c"])),
    name=st.one_of(st.none(), st.sampled_from(["look_up", "add"])),
    arguments=texts,
)
usage_deltas = st.builds(UsageDelta, counts, counts, counts, counts)
finishes = st.builds(Finish, st.sampled_from(sorted(FINISH_REASONS)), st.one_of(st.none(), texts))
# A new one each time: an exception that was raised carries its traceback along.
failures = st.one_of(
    st.builds(ValueError, st.just("a bug in the wrapper")),
    st.builds(KeyError, st.just("choices")),
    st.builds(RuntimeError),
    st.builds(ConnectionResetError, st.just("reset")),
    st.builds(TimeoutError),
    st.builds(UnicodeDecodeError, *map(st.just, ("utf-8", b"\xff", 0, 1, "no"))),
    st.builds(MalformedDataError, st.just("not JSON")),
    st.builds(ConnectionLostError, st.just("lost")),
    st.builds(BadRequestError, st.just("no such model")),
)

pieces = st.one_of(
    text_deltas, text_deltas, text_deltas, reasoning_deltas, tool_call_deltas, usage_deltas, st.none()
)


@st.composite
def scripts(draw: st.DrawFn) -> list[Any]:
    """What a wrapper yields, one by one: complete, cut, or ended by an exception, also after its finish."""
    atoms = draw(st.lists(pieces, max_size=25))
    if draw(st.booleans()):
        atoms.append(draw(finishes))
        atoms += draw(st.lists(st.one_of(pieces, finishes), max_size=3))
    if draw(st.integers(0, 3)) == 0:
        atoms.append(draw(failures))
    return atoms


@st.composite
def batches_of(draw: st.DrawFn, atoms: list[Any]) -> list[Any]:
    """The same atoms, some of them in lists, and empty lists between them."""
    batches: list[Any] = []
    rest = list(atoms)
    for size in draw(st.lists(st.integers(0, 4), max_size=len(atoms))):
        batch, rest = rest[:size], rest[size:]
        # Neither None nor an exception can stand in a list.
        alone = any(one is None or isinstance(one, BaseException) for one in batch)
        batches += batch if alone or size == 1 else [batch]
    return batches + rest


batched_scripts = scripts().flatmap(lambda atoms: st.tuples(st.just(atoms), batches_of(atoms)))
"""A script as it is, and in batches."""
