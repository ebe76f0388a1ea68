"""The expected result of a script, computed in the simplest way: the whole text again at every step."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from modelstream.deltas import Finish, ReasoningDelta, TextDelta, ToolCallDelta, Usage, UsageDelta

_PAIR_OR_HALF = re.compile("[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]")


def repaired(text: str) -> str:
    """The text with its surrogate pairs joined and single halves replaced."""
    return _PAIR_OR_HALF.sub(_joined, text)


def _joined(match: re.Match[str]) -> str:
    halves = match.group()
    if len(halves) == 1:
        return "\ufffd"
    return chr(0x10000 + ((ord(halves[0]) - 0xD800) << 10) + (ord(halves[1]) - 0xDC00))


def shown(text: str) -> str:
    """What may be shown of a text that goes on: all but a first half at its end."""
    return repaired(text[:-1] if text and "\ud800" <= text[-1] <= "\udbff" else text)


@dataclass
class Expected:
    """What readers of one script see. Ids that the core creates are written as `generated`."""

    pairs: list[tuple[bool, str]] = field(default_factory=list)
    deltas: list[Any] = field(default_factory=list)
    finish: Finish | None = None
    error: BaseException | None = None
    usage: Usage | None = None
    text: str = ""
    reasoning: str = ""
    calls: dict[int, list[Any]] = field(default_factory=dict)


GENERATED = "generated"


def expect(atoms: list[Any]) -> Expected:
    """The outcome of a script without lists: yields, and an exception at most at its end."""
    expected = Expected()
    raw: dict[Any, str] = {}
    for atom in atoms:
        if isinstance(atom, BaseException):
            if expected.finish is None:
                expected.error = atom
            break
        if atom is not None:
            _take(expected, raw, TextDelta(atom) if isinstance(atom, str) else atom)
    return expected


def _take(expected: Expected, raw: dict[Any, str], delta: Any) -> None:
    if isinstance(delta, UsageDelta):
        expected.usage = (expected.usage or Usage()).updated(delta)
        expected.deltas.append(delta)
    elif expected.finish is not None:
        return
    elif isinstance(delta, TextDelta):
        _show(expected, _new_text(raw, "text", delta.text))
    elif isinstance(delta, ReasoningDelta):
        new = _new_text(raw, "reasoning", delta.text)
        expected.reasoning += new
        if new:
            expected.deltas.append(ReasoningDelta(new))
    elif isinstance(delta, ToolCallDelta):
        _take_call(expected, delta, _new_text(raw, delta.index, delta.arguments))
    else:
        if raw.get("text", "") and shown(raw["text"]) != repaired(raw["text"]):
            _show(expected, "\ufffd")
        expected.finish = delta
        expected.deltas.append(delta)
        expected.pairs.append((True, expected.text))


def _show(expected: Expected, new: str) -> None:
    if new:
        expected.text += new
        expected.pairs.append((False, expected.text))
        expected.deltas.append(TextDelta(new))


def _new_text(raw: dict[Any, str], channel: Any, text: str) -> str:
    before = raw.get(channel, "")
    raw[channel] = before + text
    was, now = shown(before), shown(before + text)
    assert now.startswith(was)
    return now[len(was) :]


def _take_call(expected: Expected, delta: ToolCallDelta, arguments: str) -> None:
    begins = delta.index not in expected.calls
    call = expected.calls.setdefault(delta.index, [GENERATED, "", ""])
    call[0] = delta.id or call[0]
    call[1] = delta.name or call[1]
    call[2] += arguments
    call_id = delta.id or GENERATED if begins else delta.id
    number = list(expected.calls).index(delta.index)
    expected.deltas.append(ToolCallDelta(number, call_id, delta.name, arguments))


def arguments_of(call: list[Any], expected: Expected) -> str:
    """The arguments of a call: an empty object for one that ended without any."""
    return "{}" if expected.finish is not None and not call[2].strip() else call[2]


def with_generated_ids(deltas: list[Any], atoms: list[Any]) -> list[Any]:
    """The deltas that were read, with `generated` for every id that is not from the script."""
    known = {atom.id for atom in atoms if isinstance(atom, ToolCallDelta)} | {None}
    return [
        ToolCallDelta(one.index, GENERATED, one.name, one.arguments)
        if isinstance(one, ToolCallDelta) and one.id not in known
        else one
        for one in deltas
    ]
