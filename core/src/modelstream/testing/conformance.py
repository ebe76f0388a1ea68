"""The contract of a model wrapper as tests: a plugin's author subclasses `WrapperConformance`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, ClassVar

from modelstream.testing._kit.enacting import enact, must_stand
from modelstream.testing._kit.features import ENGINE_FINISHES, Features
from modelstream.testing._kit.laws import LAWS
from modelstream.testing._kit.rig import Rig

if TYPE_CHECKING:
    from modelstream.deltas import Delta
    from modelstream.testing._kit.bench import Bench
    from modelstream.testing._kit.law import Law
    from modelstream.wire.dialect import Dialect
    from modelstream.wire.writing import Wire
    from modelstream.wrapper import ModelWrapper


class WrapperConformance:
    """Everything that a model wrapper must do, as tests of a class of yours.

        class TestMyChat(WrapperConformance):
            model_type = "my_chat"
            wire = MyWire()

    The wrapper is loaded as a user loads it, and talks through its real SDK to a real server on this machine,
    which sends what hypothesis has written, in the bytes of your `Wire`. There is one test for each law and
    way (sync, async). A law that is broken says so with its name, its sentence, the shortest script that
    breaks it, and the bytes.

    * `dialect` in the place of `wire` is the dialect that the wrapper itself reads with (`Dialect`).
    * `config` has further fields of the model config, such as an `api_key`; `base_url` and `model_name` are
      filled in.
    * `skip` names laws that your wrapper can't keep, each with the reason, which pytest shows. To override or
      remove a law in another way is an error.
    * `make(**fields)` makes the wrapper; override it for one that is not installed.
    * A wrapper that works inside the process has no `wire`: it overrides `engine`, and says with `reasoning`,
      `tools`, `usage` and `finishes` what its answers may have.

    How many examples a law tries follows from the hypothesis profile.
    """

    model_type: ClassVar[str] = ""
    wire: ClassVar[Wire | None] = None
    dialect: ClassVar[Dialect | None] = None
    config: ClassVar[Mapping[str, Any]] = {}
    skip: ClassVar[Mapping[str, str]] = {}
    reasoning: ClassVar[bool] = False
    tools: ClassVar[bool] = False
    usage: ClassVar[bool] = False
    finishes: ClassVar[Mapping[str, str]] = ENGINE_FINISHES

    _rig: ClassVar[Rig | None] = None

    def make(self, **fields: Any) -> ModelWrapper:
        """A wrapper with these config fields."""
        from modelstream.models import load_model

        return load_model({"model_type": self.model_type, **fields})

    def engine(
        self, start: Callable[[], Generator[Delta | None, None, None]]
    ) -> AbstractContextManager[object]:
        """Put `start` in the place of the wrapper's engine, for as long as the context is open.

        `start()`, called once for every answer, gives a generator of the deltas to say, and of None whenever
        a moment has passed without any: the occasion to look whether the engine is to stop. An engine that is
        stopped closes the generator. What the generator raises, the engine raises.
        """
        raise NotImplementedError(f"{type(self).__name__} has neither a wire nor an engine")

    @classmethod
    def features(cls) -> Features:
        """What the provider's format can say."""
        wire = cls.written_by()
        if wire is not None:
            return Features.of(wire)
        return Features(cls.reasoning, cls.tools, cls.usage, halves=True, finishes=cls.finishes)

    @classmethod
    def written_by(cls) -> Wire | None:
        """The `wire`, or else the `dialect`, that writes the provider's answers; None inside the process."""
        return cls.dialect if cls.wire is None else cls.wire

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._rig = None
        enact(cls, LAWS, cls._laws(), cls.features())

    @classmethod
    def _laws(cls) -> list[Law]:
        """The laws that this wrapper can break."""
        in_process = cls.written_by() is None
        if in_process and cls.engine is WrapperConformance.engine:
            return []  # a base of the author's own
        return [law for law in LAWS.values() if law.applies(cls.features(), in_process=in_process)]

    def bench(self, way: str) -> Bench:
        """The bench on which this wrapper is called in one way: `sync`, `async` or `both`."""
        cls = type(self)
        if cls._rig is None:
            cls._rig = Rig(self)
        return cls._rig.bench(way)

    @classmethod
    def teardown_class(cls) -> None:
        """Take down what the tests of this class shared."""
        if cls._rig is not None:
            cls._rig.close()
            cls._rig = None

    def test_every_law_stands(self) -> None:
        """No law was overridden or removed but by `skip`."""
        must_stand(type(self), self._laws())
