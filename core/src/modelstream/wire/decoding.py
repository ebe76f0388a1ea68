"""Decode frames into structs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from modelstream.call.error_bodies import is_error, sent_error
from modelstream.errors import MalformedDataError

T = TypeVar("T")


def json_decoder(kind: type[T]) -> Callable[[bytes], T]:
    """A function that decodes one JSON frame into `kind`, a msgspec Struct with the fields that matter.

    Fields that `kind` does not name are skipped without being built, which makes this cheap. A frame that is
    not quite JSON, or has fields of another type, is decoded as far as possible: a field that can't be used
    gets its default. Raises the provider's error for such a frame that reports one, and `MalformedDataError`
    for a frame that is no JSON object.
    """
    decode = msgspec.json.Decoder(kind).decode

    def decode_frame(frame: bytes) -> T:
        try:
            return decode(frame)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return _decode_leniently(frame, kind, error)

    return decode_frame


def json_document(frame: bytes) -> Any:
    r"""The JSON value in a frame, decoded leniently. Raises `ValueError` or `RecursionError`.

    Providers send lone surrogates (`\ud83d`), and raw control characters in strings. Bytes of a character
    that is cut at the end of the frame become U+DC80 to U+DCFF, which the core joins with the next frame.
    """
    import json

    try:
        text = frame.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        text = frame.decode("utf-8", "surrogateescape")
    return json.loads(text.removeprefix("\ufeff"), strict=False)


def is_object(frame: bytes) -> bool:
    """Whether a frame is a JSON object, decoded leniently."""
    try:
        return type(json_document(frame)) is dict
    except (ValueError, RecursionError):
        return False


def ends_in_string(frame: bytes) -> bool:
    """Whether a frame is JSON that ends inside a string."""
    try:
        json_document(frame)
    except (ValueError, RecursionError) as error:
        return str(error).startswith("Unterminated string")
    return False


def _decode_leniently(frame: bytes, kind: type[T], error: Exception) -> T:
    """Decode with the standard library, which accepts more, and field by field where a type is wrong."""
    from modelstream.wire.lenient import convert

    why: Exception = error
    try:
        document = json_document(frame)
        try:
            return msgspec.convert(document, kind)
        except msgspec.ValidationError as invalid:
            why = invalid
            if is_error(document):
                raise sent_error(document) from None
            return convert(document, kind)
    except (ValueError, RecursionError) as again:
        why = again if isinstance(again, msgspec.ValidationError) else why
        raise MalformedDataError(f"a frame can't be decoded ({why}): {excerpt(frame)}") from error


def excerpt(frame: bytes, limit: int = 200) -> str:
    """The beginning of a frame, for an error message."""
    text = repr(frame[:limit].decode("utf-8", "replace"))
    return text if len(frame) <= limit else f"{text} … ({len(frame)} bytes)"
