"""Decodes the content encodings of HTTP bodies as they arrive."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from modelstream.errors import MalformedDataError

Decode = Callable[[bytes], bytes]

_GZIP = ("gzip", "x-gzip", "deflate")
_OTHERS = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz", "lzma", "xz", "bzip2", "lz4"})


def decoder(encoding: str) -> Decode | None:
    """What decodes a body with this `Content-Encoding`; None for one that is not compressed.

    Servers also send words that are no encoding, such as `none`. Raises `MalformedDataError` for a
    compression that is not supported.
    """
    codings = [one.strip() for one in encoding.lower().split(",")]
    for coding in codings:
        if coding in _OTHERS:
            raise MalformedDataError(
                f"the answer is compressed with {coding!r}, which the request does not accept;"
                " set 'transport' to 'sdk'"
            )
    steps: list[Decode] = [_Inflated().feed for coding in reversed(codings) if coding in _GZIP]
    if len(steps) <= 1:
        return steps[0] if steps else None

    def decode(data: bytes) -> bytes:
        for step in steps:
            data = step(data)
        return data

    return decode


class _Inflated:
    """gzip of any number of members, zlib, or bare deflate, which some servers send as `deflate`."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)  # 32: detect gzip or zlib
        self._first = b""
        self._begun = False

    def feed(self, data: bytes) -> bytes:
        try:
            return self._members(data)
        except zlib.error as error:
            if not self._begun:
                self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
                self._begun = True
                try:
                    return self._inflate.decompress(self._first + data)
                except zlib.error:
                    pass
            raise MalformedDataError(f"the answer can't be decompressed ({error})") from error

    def _members(self, data: bytes) -> bytes:
        pieces = []
        while data:
            if self._inflate.eof:
                data = data.lstrip(b"\0")  # padding
                if not data:
                    break
                self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)
            piece = self._inflate.decompress(data)
            pieces.append(piece)
            if piece or self._inflate.eof:
                self._begun = True
            elif not self._begun:
                self._first += data
            data = self._inflate.unused_data
        return b"".join(pieces)
