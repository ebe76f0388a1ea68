"""The whole response so far, as one small value that any reader may keep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

if TYPE_CHECKING:
    from typing import Self, dataclass_transform

    # Type checkers give each place of `last, text = snapshot` its own type for tuples only, so they see a
    # tuple with fields. At run time it is a Struct: a tuple would have to hold the joined text.
    @dataclass_transform(frozen_default=True, eq_default=False)
    class _Pair(tuple[bool, str]):
        __slots__ = ()

        def __new__(cls, *args: Any, **kwargs: Any) -> Self: ...

        def __init_subclass__(cls, **options: bool) -> None: ...

else:
    _Pair = msgspec.Struct


class TextSource(Protocol):
    """Holds the text of a snapshot. It must not refer to snapshots.

    The garbage collector does not track snapshots, since there are many: a source that referred to its
    snapshot would never be freed.
    """

    def text_to(self, end: int) -> str:
        """The first `end` characters of the text."""


class Snapshot(_Pair, frozen=True, eq=False, repr_omit_defaults=True, gc=False):
    """The response at one moment: `last, text = snapshot`.

    It unpacks, indexes, compares, hashes and prints like the pair `(last, text)`. Creating one costs the
    same however long the text is: `text` is joined on access. Sinks and readers that only
    append use `delta` (what is new in this snapshot) and `offset` (where it begins, in characters).
    An `offset` of 0 after text was shown means that the text starts over.

    It is not a tuple, although type checkers treat it as one: `isinstance(snapshot, tuple)` is False,
    `case (last, text)` does not match it, and JSON encoders do not know its text. There, use
    `tuple(snapshot)` or `{"last": snapshot.last, "text": snapshot.text}`.
    """

    delta: str
    last: bool
    offset: int
    source: TextSource

    @property
    def text(self) -> str:
        """The whole text up to and including `delta`."""
        return self.source.text_to(self.offset + len(self.delta))

    if not TYPE_CHECKING:  # the tuple's own annotations are more precise

        def __iter__(self) -> Iterator[Any]:
            return iter((self.last, self.text))

        def __len__(self) -> int:
            return 2

        def __getitem__(self, index: Any) -> Any:
            return (self.last, self.text)[index]

        def __eq__(self, other: object) -> bool:
            if isinstance(other, Snapshot):
                return self.last == other.last and self.text == other.text
            if isinstance(other, tuple):
                return (self.last, self.text) == other
            return NotImplemented

        def __ne__(self, other: object) -> bool:
            # Struct's own would compare identities.
            return not self == other

        def __hash__(self) -> int:
            return hash((self.last, self.text))

        def __repr__(self) -> str:
            return repr((self.last, self.text))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.delta, self.last, self.offset, self.text)


class FixedText(str):
    """A complete text, as the source of snapshots."""

    __slots__ = ()

    def text_to(self, end: int) -> str:
        """The first `end` characters."""
        return str(self) if end >= len(self) else str(self[:end])


def whole(text: str, last: bool) -> Snapshot:
    """A snapshot of a complete text."""
    return Snapshot("" if last else text, last, len(text) if last else 0, FixedText(text))


def _restore(delta: str, last: bool, offset: int, text: str) -> Snapshot:
    return Snapshot(delta, last, offset, FixedText(text))
