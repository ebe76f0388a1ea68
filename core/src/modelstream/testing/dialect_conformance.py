"""The contract of a dialect as tests: a plugin's author subclasses `DialectConformance`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from modelstream.testing._kit.dialect_bench import DialectBench, DialectFeatures
from modelstream.testing._kit.dialect_laws import LAWS
from modelstream.testing._kit.enacting import enact, must_stand

if TYPE_CHECKING:
    from modelstream.testing._kit.law import Law
    from modelstream.wire.dialect import Dialect


class DialectConformance:
    """Everything that a dialect must do, as tests of a class of yours.

        class TestMyDialect(DialectConformance):
            dialect = MyDialect()

    What the dialect writes is read by its own reader: answers of hypothesis's making, streamed and whole, cut
    anywhere, with errors and refusals; its samples; and its requests, if it both writes and reads them. A law
    that is broken says so with its name, its sentence, the shortest answer that breaks it, and the bytes.
    There is no network.

    `skip` names laws that your dialect can't keep, each with the reason.
    """

    dialect: ClassVar[Dialect | None] = None
    skip: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def features(cls) -> DialectFeatures:
        """What the dialect can do."""
        return DialectFeatures() if cls.dialect is None else DialectFeatures.of_dialect(cls.dialect)

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        enact(cls, LAWS, cls._laws(), cls.features())

    @classmethod
    def _laws(cls) -> list[Law]:
        """The laws that this dialect can break."""
        if cls.dialect is None:
            return []  # a base of the author's own
        return [law for law in LAWS.values() if law.applies(cls.features(), in_process=False)]

    def bench(self, way: str) -> DialectBench:
        """The bench for answers that are streamed or whole, or for requests."""
        if self.dialect is None:
            raise TypeError(f"{type(self).__name__} has no dialect")
        return DialectBench(self.dialect, way)

    def test_every_law_stands(self) -> None:
        """No law was overridden or removed but by `skip`."""
        must_stand(type(self), self._laws())
