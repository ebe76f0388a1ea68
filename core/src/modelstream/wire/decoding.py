"""Decode frames into structs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from modelstream.call.error_bodies import is_error, sent_error
from modelstream.errors import MalformedDataError

T = TypeVar("T")


def json_decoder(kind: type[T]) -> Callable[[bytes], T]:
    """A function that decodes one JSON frame into `kind`, a msgspec Struct with the fields that matter.

    Fields that `kind` does not name are skipped without being built, which makes this cheap. Raises
    `MalformedDataError` for a frame that is not JSON or does not fit `kind`, and the provider's error for a
    frame that reports one.
    """
    decode = msgspec.json.Decoder(kind).decode

    def decode_frame(frame: bytes) -> T:
        try:
            return decode(frame)
        except msgspec.DecodeError as error:
            return _decode_leniently(frame, kind, error)

    return decode_frame


def _decode_leniently(frame: bytes, kind: type[T], error: msgspec.DecodeError) -> T:
    r"""Decode with the standard library, which accepts lone surrogates (`\ud83d`), as some providers send."""
    import json

    try:
        document = json.loads(frame)
        if is_error(document):
            raise sent_error(document)
        return msgspec.convert(document, kind)
    except (ValueError, RecursionError, msgspec.ValidationError) as again:
        why = again if isinstance(again, msgspec.ValidationError) else error
        raise MalformedDataError(f"a frame can't be decoded ({why}): {excerpt(frame)}") from error


def excerpt(frame: bytes, limit: int = 200) -> str:
    """The beginning of a frame, for an error message."""
    text = repr(frame[:limit].decode("utf-8", "replace"))
    return text if len(frame) <= limit else f"{text} … ({len(frame)} bytes)"
