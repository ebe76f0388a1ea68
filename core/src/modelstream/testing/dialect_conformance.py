"""The contract of dialects as tests: authors of plugins subclass `DialectConformance`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from modelstream.testing._kit.dialect_bench import DialectBench, DialectFeatures
from modelstream.testing._kit.dialect_laws import LAWS
from modelstream.testing._kit.generated_tests import add_tests, check_not_overridden

if TYPE_CHECKING:
    from modelstream.testing._kit.law import Law
    from modelstream.wire.dialect import Dialect


class DialectConformance:
    """Tests of everything that a dialect must do.

        class TestMyDialect(DialectConformance):
            dialect = MyDialect()

    The dialect's reader reads what the dialect writes: answers that hypothesis generates, streamed and whole,
    cut anywhere, with errors and refusals; its samples; and its requests, if it both writes and reads them.
    The report of a broken law has its name, its sentence, the shortest answer that breaks it, and the bytes.
    There is no network.

    `skip` maps laws that your dialect can't keep to the reason.
    """

    dialect: ClassVar[Dialect | None] = None
    skip: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def features(cls) -> DialectFeatures:
        """What the dialect supports."""
        return DialectFeatures() if cls.dialect is None else DialectFeatures.of_dialect(cls.dialect)

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        add_tests(cls, LAWS, cls._laws(), cls.features())

    @classmethod
    def _laws(cls) -> list[Law]:
        """The laws that apply to this dialect."""
        if cls.dialect is None:
            return []  # the author's own base class
        return [law for law in LAWS.values() if law.applies(cls.features(), in_process=False)]

    def bench(self, way: str) -> DialectBench:
        """The bench for answers that are streamed or whole, or for requests."""
        if self.dialect is None:
            raise TypeError(f"{type(self).__name__} has no dialect")
        return DialectBench(self.dialect, way)

    def test_no_law_is_overridden(self) -> None:
        """No law is overridden or removed, other than by `skip`."""
        check_not_overridden(type(self), self._laws())
