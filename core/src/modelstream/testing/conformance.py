"""The contract of model wrappers as tests: authors of plugins subclass `WrapperConformance`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, ClassVar

from modelstream.testing._kit.features import ENGINE_FINISHES, Features
from modelstream.testing._kit.generated_tests import add_tests, check_not_overridden
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
    """Tests of everything that a model wrapper must do.

        class TestMyChat(WrapperConformance):
            model_type = "my_chat"
            wire = MyWire()

    The wrapper is loaded as a user loads it, and talks through its real SDK to a real server on this machine,
    which sends answers that hypothesis generates, in the bytes of your `Wire`. There is one test for each law
    and way (sync, async). The report of a broken law has its name, its sentence, the shortest script that
    breaks it, and the bytes.

    * `dialect`, instead of `wire`, is the dialect that the wrapper itself uses (`Dialect`).
    * `config` has further fields of the model config, such as an `api_key`; `base_url` and `model_name` are
      filled in.
    * `skip` maps laws that your wrapper can't keep to the reason, which pytest shows. Overriding or
      removing a law in another way is an error.
    * `make(**fields)` creates the wrapper; override it for one that is not installed.
    * For a model that runs inside the process there is no `wire`: override `engine`, and set `reasoning`,
      `tools`, `usage` and `finishes` to what its answers may have.

    The number of examples per law depends on the hypothesis profile.
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
        """Replace the wrapper's engine by `start` while the context is open.

        `start()` is called once for every answer and returns a generator of deltas, which also yields None
        whenever a moment has passed without any, so that the engine can check whether to stop. An engine that
        is stopped closes the generator. What the generator raises, the engine raises.
        """
        raise NotImplementedError(f"{type(self).__name__} has neither a wire nor an engine")

    @classmethod
    def features(cls) -> Features:
        """What the provider's format supports."""
        wire = cls.written_by()
        if wire is not None:
            return Features.of(wire)
        return Features(cls.reasoning, cls.tools, cls.usage, halves=True, finishes=cls.finishes)

    @classmethod
    def written_by(cls) -> Wire | None:
        """The `wire` or `dialect` that writes the provider's answers; None for a model inside the process."""
        return cls.dialect if cls.wire is None else cls.wire

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._rig = None
        add_tests(cls, LAWS, cls._laws(), cls.features())

    @classmethod
    def _laws(cls) -> list[Law]:
        """The laws that apply to this wrapper."""
        in_process = cls.written_by() is None
        if in_process and cls.engine is WrapperConformance.engine:
            return []  # the author's own base class
        return [law for law in LAWS.values() if law.applies(cls.features(), in_process=in_process)]

    def bench(self, way: str) -> Bench:
        """The bench that calls this wrapper in one way: `sync`, `async` or `both`."""
        cls = type(self)
        if cls._rig is None:
            cls._rig = Rig(self)
        return cls._rig.bench(way)

    @classmethod
    def teardown_class(cls) -> None:
        """Close what the tests of this class share."""
        if cls._rig is not None:
            cls._rig.close()
            cls._rig = None

    def test_no_law_is_overridden(self) -> None:
        """No law is overridden or removed, other than by `skip`."""
        check_not_overridden(type(self), self._laws())
