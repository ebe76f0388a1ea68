"""Sample bodies that ship with a dialect: what a provider sends, and the deltas in it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

from modelstream.deltas import Finish, ReasoningDelta, StateDelta, TextDelta, ToolCallDelta, UsageDelta

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from modelstream.deltas import Delta


class Sample(msgspec.Struct, frozen=True):
    """The body of one answer, and the deltas that a reader must return for it.

    `deltas` are in order, with adjacent deltas of one kind joined as `joined` does. `stream` is False for the
    body of an answer that was not streamed. `error` is the name of the class in `modelstream.errors` that
    reading raises after the deltas, or None.
    """

    name: str
    body: bytes
    deltas: tuple[Any, ...]
    stream: bool = True
    error: str | None = None


def load_samples(package: str) -> list[Sample]:
    """The samples in the folder `samples` of a package, by name; an empty list if there is no such folder.

    Each is a file `name.body`, with the bytes that were sent, and a file `name.json`:

        {"stream": true, "deltas": ["Hello", {"reasoning": "…"}, {"tool_call": {"index": 0, "name": "f"}},
                                    {"usage": {"output_tokens": 3}}, {"finish": "length", "raw": "max"}]}

    Raises `ValueError` with the name of a sample that can't be read.
    """
    folder = files(package).joinpath("samples")
    if not folder.is_dir():
        return []
    bodies = sorted((file for file in folder.iterdir() if file.name.endswith(".body")), key=lambda f: f.name)
    return [_sample(body, folder) for body in bodies]


def joined(deltas: Iterable[str | Delta]) -> tuple[str | Delta, ...]:
    """The same deltas with adjacent texts, reasoning and pieces of one call joined, and empty ones removed.

    Texts become plain `str`s; calls are numbered in the order in which they begin.
    """
    found: list[str | Delta] = []
    numbers: dict[int, int] = {}
    for delta in deltas:
        if isinstance(delta, StateDelta):
            continue
        piece = delta.text if isinstance(delta, TextDelta) else delta
        if isinstance(piece, ToolCallDelta):
            number = numbers.setdefault(piece.index, len(numbers))
            piece = ToolCallDelta(number, piece.id, piece.name, piece.arguments)
        joined_pair = _join(found[-1], piece) if found else None
        if joined_pair is not None:
            found[-1] = joined_pair
        elif piece and not (isinstance(piece, ReasoningDelta) and not piece.text):
            found.append(piece)
    return tuple(found)


def _join(before: str | Delta, piece: str | Delta) -> str | Delta | None:
    """Both as one delta, or None if they are of different kinds."""
    if isinstance(before, str) and isinstance(piece, str):
        return before + piece
    if isinstance(before, ReasoningDelta) and isinstance(piece, ReasoningDelta):
        return ReasoningDelta(before.text + piece.text)
    if isinstance(before, ToolCallDelta) and isinstance(piece, ToolCallDelta) and before.index == piece.index:
        return ToolCallDelta(
            before.index,
            piece.id or before.id,
            piece.name or before.name,
            before.arguments + piece.arguments,
        )
    return None


def _sample(body: Traversable, folder: Traversable) -> Sample:
    name = body.name.removesuffix(".body")
    try:
        expected = json.loads(folder.joinpath(f"{name}.json").read_text("utf-8"))
        deltas = joined(map(_delta, expected["deltas"]))
        return Sample(name, body.read_bytes(), deltas, expected.get("stream", True), expected.get("error"))
    except (OSError, KeyError, TypeError, ValueError) as why:
        raise ValueError(f"the sample {name!r} can't be read: {name}.json: {why!r}") from why


def _delta(step: str | dict[str, Any]) -> str | Delta:
    if isinstance(step, str):
        return step
    if "finish" in step:
        return msgspec.convert({"reason": step["finish"], "raw": step.get("raw")}, Finish)
    kind, value = next(iter(step.items()))
    if kind == "reasoning":
        return ReasoningDelta(value)
    if kind == "tool_call":
        return msgspec.convert(value, ToolCallDelta)
    if kind == "usage":
        return msgspec.convert(value, UsageDelta)
    raise ValueError(f"{kind!r} is not the name of a delta")
