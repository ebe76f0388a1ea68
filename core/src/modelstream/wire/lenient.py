"""Convert JSON documents with fields of a wrong type: a field that can't be used gets its default."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

T = TypeVar("T")
_UNUSABLE: Any = object()


def convert(document: Any, kind: type[T]) -> T:
    """`document` as `kind`, a msgspec Struct. Raises `msgspec.ValidationError` if it is not an object."""
    mended = _mend(document, inspect.type_info(kind))
    return msgspec.convert(document if mended is _UNUSABLE else mended, kind)


def _mend(value: Any, kind: inspect.Type) -> Any:
    """What of `value` fits `kind`, or `_UNUSABLE`."""
    mend = _MENDERS.get(type(kind))
    if mend is not None:
        return mend(value, kind)
    try:
        return msgspec.convert(value, _PLAIN.get(type(kind), Any))
    except msgspec.ValidationError:
        return _UNUSABLE


def _mend_union(value: Any, kind: inspect.UnionType) -> Any:
    found = (_mend(value, one) for one in kind.types)
    return next((one for one in found if one is not _UNUSABLE), _UNUSABLE)


def _mend_list(value: Any, kind: inspect.ListType) -> Any:
    # Some servers send an object where there is one item, and an empty one where there is none.
    items = [value] if value and type(value) is dict else value
    if type(items) is not list:
        return _UNUSABLE
    mended = (_mend(item, kind.item_type) for item in items)
    return [item for item in mended if item is not _UNUSABLE]


def _mend_struct(value: Any, kind: inspect.StructType) -> Any:
    if type(value) is not dict:
        return _UNUSABLE
    mended = {}
    for field in kind.fields:
        if field.encode_name in value:
            part = _mend(value[field.encode_name], field.type)
            if part is not _UNUSABLE:
                mended[field.encode_name] = part
    return mended


def _mend_text(value: Any, _kind: inspect.StrType) -> Any:
    if type(value) is str:
        return value
    return str(value) if type(value) in (int, float) else _UNUSABLE


def _mend_integer(value: Any, _kind: inspect.IntType) -> Any:
    if type(value) is int:
        return value
    try:
        return int(value) if type(value) in (float, str) and float(value).is_integer() else _UNUSABLE
    except (ValueError, OverflowError):
        return _UNUSABLE


_MENDERS: dict[type[inspect.Type], Callable[[Any, Any], Any]] = {
    inspect.UnionType: _mend_union,
    inspect.StructType: _mend_struct,
    inspect.ListType: _mend_list,
    inspect.StrType: _mend_text,
    inspect.IntType: _mend_integer,
}
_PLAIN: dict[type[inspect.Type], Any] = {
    inspect.NoneType: None,
    inspect.BoolType: bool,
    inspect.FloatType: float,
    inspect.DictType: dict,
}
