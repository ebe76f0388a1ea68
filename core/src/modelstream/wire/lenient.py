"""Convert JSON documents with fields of a wrong type: a field that can't be used gets its default."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

T = TypeVar("T")
_UNUSABLE: Any = object()


def convert(document: Any, kind: type[T]) -> T:
    """`document` as `kind`, a msgspec Struct. Raises `msgspec.ValidationError` if it is not an object."""
    mended = _mend(document, _type_of(kind))
    return msgspec.convert(document if mended is _UNUSABLE else mended, kind)


@cache
def _type_of(kind: type[Any]) -> inspect.Type:
    return inspect.type_info(kind)


def _mend(value: Any, kind: inspect.Type) -> Any:
    """What of `value` fits `kind`, or `_UNUSABLE`."""
    if isinstance(kind, inspect.UnionType):
        found = (_mend(value, one) for one in kind.types)
        return next((one for one in found if one is not _UNUSABLE), _UNUSABLE)
    if isinstance(kind, inspect.StructType):
        return _mend_struct(value, kind)
    if isinstance(kind, inspect.ListType):
        # Some servers send an object where there is one item, and an empty one where there is none.
        items = value if type(value) is list else [value] if value and type(value) is dict else _UNUSABLE
        if items is _UNUSABLE:
            return _UNUSABLE
        mended = (_mend(item, kind.item_type) for item in items)
        return [item for item in mended if item is not _UNUSABLE]
    if isinstance(kind, inspect.IntType):
        return _integer(value)
    if isinstance(kind, inspect.StrType):
        return value if type(value) is str else str(value) if type(value) in (int, float) else _UNUSABLE
    try:
        return msgspec.convert(value, _plain(kind))
    except msgspec.ValidationError:
        return _UNUSABLE


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


def _integer(value: Any) -> Any:
    if type(value) is int:
        return value
    try:
        return int(value) if type(value) in (float, str) and float(value).is_integer() else _UNUSABLE
    except (ValueError, OverflowError):
        return _UNUSABLE


def _plain(kind: inspect.Type) -> Any:
    """The Python type for a leaf other than a number or text."""
    if isinstance(kind, inspect.NoneType):
        return None
    if isinstance(kind, inspect.BoolType):
        return bool
    if isinstance(kind, inspect.FloatType):
        return float
    return dict if isinstance(kind, inspect.DictType) else Any
