"""Validates what a wrapper yields: the constructors of msgspec `Struct`s check no types."""

from __future__ import annotations

from typing import Any

from modelstream.deltas import (
    Delta,
    Finish,
    ReasoningDelta,
    StateDelta,
    TextDelta,
    ToolCallDelta,
    UsageDelta,
)
from modelstream.errors import MalformedDataError

_STR = (str,)
_STR_OR_NONE = (str, type(None))
_INT_OR_NONE = (int, type(None))

_FIELDS: dict[type, dict[str, tuple[type, ...]]] = {
    TextDelta: {"text": _STR},
    ReasoningDelta: {"text": _STR},
    ToolCallDelta: {"index": (int,), "id": _STR_OR_NONE, "name": _STR_OR_NONE, "arguments": _STR},
    UsageDelta: dict.fromkeys(UsageDelta.__struct_fields__, _INT_OR_NONE),
    StateDelta: {
        "state": (dict,),
        "reasoning": _STR_OR_NONE,
        "dialect": _STR_OR_NONE,
        "base_url": _STR_OR_NONE,
    },
    Finish: {"reason": _STR, "raw": _STR_OR_NONE},
}


def validate(one: Any) -> str | Delta:
    """Return `one` as a str or a delta. Raises a `MalformedDataError` that names an invalid field."""
    fields = _FIELDS.get(type(one))
    if fields is None:
        return _derived(one)
    for name, kinds in fields.items():
        if type(getattr(one, name)) not in kinds:
            return _rebuilt(one, type(one), fields)
    delta: Delta = one
    return delta


def _derived(one: Any) -> str | Delta:
    if isinstance(one, str):
        return str.__str__(one)
    for kind, fields in _FIELDS.items():
        if isinstance(one, kind):
            return _rebuilt(one, kind, fields)
    raise MalformedDataError(
        f"the wrapper yielded a {type(one).__name__}; it may yield str, deltas, lists of them, None"
    )


def _rebuilt(one: Any, kind: type[Any], fields: dict[str, tuple[type, ...]]) -> Delta:
    values = [
        _plain(getattr(one, name), kinds, f"{kind.__name__} whose {name}") for name, kinds in fields.items()
    ]
    delta: Delta = kind(*values)
    return delta


def _plain(value: Any, kinds: tuple[type, ...], where: str) -> Any:
    if not isinstance(value, kinds):
        wanted = " or ".join("None" if kind is type(None) else kind.__name__ for kind in kinds)
        raise MalformedDataError(f"the wrapper yielded a {where} is {value!r:.80}; it must be {wanted}")
    # Subclasses of str and int, as libraries define them, become plain ones.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, dict):
        return dict(value)
    return int(value) if isinstance(value, int) else None
