"""The test bench of a dialect: it reads what it writes, with the bytes split in every way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from modelstream.deltas import ToolCallDelta, UsageDelta
from modelstream.errors import StreamError
from modelstream.testing._kit.encoded import EncodedScenario
from modelstream.testing._kit.features import Features
from modelstream.testing._kit.law import must, same
from modelstream.testing._kit.script import usage_of
from modelstream.wire.answers import AnswerReader
from modelstream.wire.ending import Ending
from modelstream.wire.samples import joined

if TYPE_CHECKING:
    from modelstream.deltas import Delta, Yielded
    from modelstream.testing._kit.scenario import Scenario
    from modelstream.wire.dialect import Dialect

MOST_SPLITS = 4096
"""How many splits of one body are tried at most."""


@dataclass(frozen=True)
class DialectFeatures(Features):
    """What a dialect can write, and whether it writes and reads requests."""

    writes_requests: bool = False
    reads_requests: bool = False
    both_requests: bool = False

    @classmethod
    def of_dialect(cls, dialect: Dialect) -> DialectFeatures:
        """The features of `dialect`."""
        writes, reads = dialect.does("write_request"), dialect.does("read_request")
        return replace(
            cls.of(dialect), writes_requests=writes, reads_requests=reads, both_requests=writes and reads
        )


class DialectBench:
    """One dialect under test, with streamed or whole answers, or requests."""

    report_title = "the bytes"

    def __init__(self, dialect: Dialect, way: str) -> None:
        self.dialect = dialect
        self.features = DialectFeatures.of_dialect(dialect)
        self.way = SimpleNamespace(name=way)
        self._shown: list[bytes] = []

    def report(self) -> list[str]:
        """The pieces of the body that was read last."""
        return [repr(piece) for piece in self._shown]

    def encode(self, scenario: Scenario) -> tuple[list[bytes], EncodedScenario]:
        """A scenario in the dialect's bytes: the pieces, and the encoded scenario."""
        encode = EncodedScenario(self.dialect, scenario)
        return [piece for piece in encode.body if isinstance(piece, bytes)], encode

    def read(self, pieces: Iterable[bytes]) -> tuple[list[str | Delta], StreamError | None]:
        """Read a streamed body in these pieces; return the deltas and the error that was raised."""
        self._shown = list(pieces)
        deltas: list[str | Delta] = []
        answer = self._answer_reader()
        try:
            for piece in self._shown:
                deltas += _listed(answer.feed(piece))
                if answer.over:
                    break
            else:
                deltas += _listed(answer.finish())
            answer.check()
        except StreamError as error:
            return deltas, error
        return deltas, None

    def read_whole(self, body: bytes) -> list[str | Delta]:
        """Read the body of an answer that was not streamed."""
        self._shown = [body]
        answer = self._answer_reader()
        deltas = _listed(answer.whole(body))
        answer.check()
        return deltas

    def _answer_reader(self) -> AnswerReader:
        reader = self.dialect.reader()
        ending = Ending(has_terminal=getattr(reader, "has_terminal", False))
        return AnswerReader(self.dialect.framing.framer(), reader, ending)

    def split_everywhere(self, body: bytes) -> None:
        """Check that a body has the same frames at every split, and byte by byte."""
        self._shown = [body]
        expected = self._cut([body])
        same(self._cut(body[at : at + 1] for at in range(len(body))), expected, "the frames, byte by byte")
        for at in range(1, len(body), len(body) // MOST_SPLITS + 1):
            same(self._cut([body[:at], body[at:]]), expected, f"the frames of a body that is split at {at}")

    def _cut(self, pieces: Iterable[bytes]) -> list[Any]:
        framer = self.dialect.framing.framer()
        return [*(frame for piece in pieces for frame in framer.feed(piece)), *framer.finish()]


def _listed(deltas: Yielded) -> list[str | Delta]:
    if deltas is None:
        return []
    return list(deltas) if isinstance(deltas, list) else [deltas]


def same_deltas(found: Sequence[str | Delta], expected: Sequence[str | Delta], features: Features) -> None:
    """Check for the same content in the same order, and the same final counts, wherever they are."""
    same(_content(found, features), _content(expected, features), "the deltas that were read")
    same(usage_of(_counts(found)), usage_of(_counts(expected)), "the token counts that were read")


def _content(deltas: Sequence[str | Delta], features: Features) -> list[Any]:
    content = joined(delta for delta in deltas if not isinstance(delta, UsageDelta))
    return [_comparable(delta, features) for delta in content]


def _comparable(delta: str | Delta, features: Features) -> Any:
    if isinstance(delta, str):
        # Two adjacent surrogates are one character.
        return delta.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    if isinstance(delta, ToolCallDelta) and not features.tool_ids:
        return ToolCallDelta(delta.index, None, delta.name, delta.arguments)
    return delta


def _counts(deltas: Iterable[str | Delta]) -> list[Delta]:
    return [delta for delta in deltas if isinstance(delta, UsageDelta)]


def check_failure(error: Exception | None, *expected: type[StreamError], message: str) -> None:
    """Check that the error is one of these and has the provider's message."""
    names = " or ".join(kind.__name__ for kind in expected)
    must(isinstance(error, expected), f"expected {names}, found {error!r}")
    must(message in str(error), f"the error does not have the message {message!r}: {error}")
