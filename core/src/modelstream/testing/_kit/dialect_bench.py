"""Where a dialect is tested: what it writes is read by itself, in every way in which bytes may be cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from modelstream.deltas import ToolCallDelta, UsageDelta
from modelstream.errors import MalformedDataError, StreamError
from modelstream.testing._kit.features import Features
from modelstream.testing._kit.law import must, same
from modelstream.testing._kit.script import usage_of
from modelstream.testing._kit.sheet import Sheet
from modelstream.wire.samples import joined

if TYPE_CHECKING:
    from modelstream.deltas import Delta
    from modelstream.testing._kit.take import Take
    from modelstream.wire.dialect import Dialect

MOST_SPLITS = 4096
"""Bytes of a body that is split at each of them; a longer one is split at so many."""


@dataclass(frozen=True)
class DialectFeatures(Features):
    """What a dialect can write, and whether it has both halves of requests."""

    writes_requests: bool = False
    reads_requests: bool = False
    both_requests: bool = False

    @classmethod
    def of_dialect(cls, dialect: Dialect) -> DialectFeatures:
        """What `dialect` can do."""
        writes, reads = dialect.does("write_request"), dialect.does("read_request")
        return replace(
            cls.of(dialect), writes_requests=writes, reads_requests=reads, both_requests=writes and reads
        )


class DialectBench:
    """One dialect under test, its answers streamed or whole."""

    told_by = "the bytes"

    def __init__(self, dialect: Dialect, way: str) -> None:
        self.dialect = dialect
        self.features = DialectFeatures.of_dialect(dialect)
        self.way = SimpleNamespace(name=way)
        self._shown: list[bytes] = []

    def told(self) -> list[str]:
        """The body that was read last, in pieces."""
        return [repr(piece) for piece in self._shown]

    def sheet(self, take: Take) -> tuple[list[bytes], Sheet]:
        """A take in the dialect's bytes, in pieces, and its sheet."""
        sheet = Sheet(self.dialect, take)
        return [piece for piece in sheet.body if isinstance(piece, bytes)], sheet

    def read(self, pieces: Iterable[bytes]) -> tuple[list[str | Delta], StreamError | None]:
        """What a new reader makes of a streamed body in these pieces, and the error that it raised."""
        self._shown = list(pieces)
        news: list[str | Delta] = []
        reader = self.dialect.reader()
        try:
            for frame, last in self._frames(self._shown):
                _read(reader, frame, news, last=last)
                if reader.done:
                    break
        except StreamError as error:
            return news, error
        return news, None

    def read_whole(self, body: bytes) -> list[str | Delta]:
        """What a new reader makes of the body of an answer that was not streamed."""
        self._shown = [body]
        news: list[str | Delta] = []
        self.dialect.reader().read_whole(body, news)
        return news

    def split_everywhere(self, body: bytes) -> None:
        """The frames of a body are the same at every split, and byte by byte."""
        self._shown = [body]
        expected = self._cut([body])
        same(self._cut(body[at : at + 1] for at in range(len(body))), expected, "the frames, byte by byte")
        for at in range(1, len(body), len(body) // MOST_SPLITS + 1):
            same(self._cut([body[:at], body[at:]]), expected, f"the frames of a body that is split at {at}")

    def _cut(self, pieces: Iterable[bytes]) -> list[Any]:
        return [frame for frame, _ in self._frames(pieces)]

    def _frames(self, pieces: Iterable[bytes]) -> Iterator[tuple[Any, bool]]:
        """The frames, and of each whether it only came to light when the body ended."""
        framer = self.dialect.framing.framer()
        for piece in pieces:
            for frame in framer.feed(piece):
                yield frame, False
        for frame in framer.finish():
            yield frame, True


def _read(reader: Any, frame: Any, news: list[str | Delta], *, last: bool) -> None:
    try:
        reader.read(frame, news)
    except MalformedDataError:
        # What is left when the body ends may be half a frame, which means nothing.
        if not last:
            raise


def same_deltas(found: Sequence[str | Delta], expected: Sequence[str | Delta], features: Features) -> None:
    """The same content in the same order, and the same counts at the end, wherever they came."""
    same(_content(found, features), _content(expected, features), "the deltas that were read")
    same(usage_of(_counts(found)), usage_of(_counts(expected)), "the token counts that were read")


def _content(deltas: Sequence[str | Delta], features: Features) -> list[Any]:
    content = joined(delta for delta in deltas if not isinstance(delta, UsageDelta))
    return [_comparable(delta, features) for delta in content]


def _comparable(delta: str | Delta, features: Features) -> Any:
    if isinstance(delta, str):
        # Halves of a character side by side are that character.
        return delta.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    if isinstance(delta, ToolCallDelta) and not features.tool_ids:
        return ToolCallDelta(delta.index, None, delta.name, delta.arguments)
    return delta


def _counts(deltas: Iterable[str | Delta]) -> list[Delta]:
    return [delta for delta in deltas if isinstance(delta, UsageDelta)]


def failed(error: Exception | None, *means: type[StreamError], message: str) -> None:
    """The error is one of these and has the provider's message."""
    names = " or ".join(kind.__name__ for kind in means)
    must(isinstance(error, means), f"expected {names}, found {error!r}")
    must(message in str(error), f"the error does not have the message {message!r}: {error}")
