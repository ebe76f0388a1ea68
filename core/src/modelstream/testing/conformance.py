"""The contract of a model wrapper as tests: a plugin's author subclasses `WrapperConformance`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings

from modelstream.testing.features import ENGINE_FINISHES, Features
from modelstream.testing.law import Law, LawBrokenError
from modelstream.testing.laws import LAWS
from modelstream.testing.rig import Rig

if TYPE_CHECKING:
    from modelstream.deltas import Delta
    from modelstream.testing.bench import Bench
    from modelstream.testing.wire import Wire
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
    config: ClassVar[Mapping[str, Any]] = {}
    skip: ClassVar[Mapping[str, str]] = {}
    reasoning: ClassVar[bool] = False
    tools: ClassVar[bool] = False
    usage: ClassVar[bool] = False
    finishes: ClassVar[Mapping[str, str]] = ENGINE_FINISHES

    _rig: ClassVar[Rig | None] = None

    def make(self, **fields: Any) -> ModelWrapper:
        """A wrapper with these config fields."""
        from modelstream.config import load_model

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
        if cls.wire is not None:
            return Features.of(cls.wire)
        return Features(cls.reasoning, cls.tools, cls.usage, halves=True, finishes=cls.finishes)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._rig = None
        _check(cls)
        if cls.wire is not None or cls.engine is not WrapperConformance.engine:
            for law in LAWS.values():
                if law.applies(cls.features(), in_process=cls.wire is None):
                    setattr(cls, f"test_{law.name}", _test_of(law, cls))

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
        cls = type(self)
        for law in LAWS.values():
            if law.applies(cls.features(), in_process=cls.wire is None):
                test = getattr(cls, f"test_{law.name}", None)
                if getattr(test, "law", None) is not law:
                    pytest.fail(f"{cls.__name__}.test_{law.name} is not the law any more: {_WAY_OUT}")


_WAY_OUT = "name a law that the wrapper can't keep in `skip`, with the reason"


def _check(cls: type[WrapperConformance]) -> None:
    for name in vars(cls):
        if name.removeprefix("test_") in LAWS and name.startswith("test_"):
            raise TypeError(f"{cls.__name__} overrides {name}: {_WAY_OUT}.")
    for name, reason in cls.skip.items():
        if name not in LAWS:
            raise TypeError(
                f"{cls.__name__}.skip names {name!r}, which is no law; the laws are: {', '.join(LAWS)}."
            )
        if not reason:
            raise TypeError(f"{cls.__name__}.skip has no reason for {name!r}.")


def _test_of(law: Law, cls: type[WrapperConformance]) -> Callable[..., None]:
    """A test function of this class's own: hypothesis can't share one among classes."""

    def test(self: WrapperConformance, way: str, *values: Any, **named: Any) -> None:
        __tracebackhide__ = True
        bench = self.bench(way)
        drawn = {**dict(zip(law.given, values, strict=False)), **named}
        try:
            law.check(bench, **drawn)
        except Exception as error:
            raise LawBrokenError(_report(law, bench, drawn, error)) from error

    test.__name__ = f"test_{law.name}"
    test.__qualname__ = f"{cls.__qualname__}.{test.__name__}"
    test.__module__ = cls.__module__
    test.__doc__ = law.sentence
    names = ["self", "way", *law.given]
    test.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
    )
    made: Callable[..., None] = test
    if law.given:
        made = given(**law.strategies(cls.features()))(test)
        made = settings(
            max_examples=max(1, round(settings().max_examples * law.examples)),
            deadline=None,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        )(made)
    made = pytest.mark.parametrize("way", law.ways)(made)
    if law.name in cls.skip:
        made = pytest.mark.skip(reason=cls.skip[law.name])(made)
    made.law = law  # type: ignore[attr-defined]
    return made


def _report(law: Law, bench: Bench, drawn: Mapping[str, Any], error: Exception) -> str:
    """What the author reads."""
    what = str(error) if isinstance(error, LawBrokenError) else f"{type(error).__name__}: {error}"
    lines = [
        f"the law `{law.name}` is broken ({bench.way.name}):",
        f"  {law.sentence}",
        f"what happened: {what}",
        *(f"{name}: {value!r}" for name, value in drawn.items()),
        "what the provider sent:",
        *(f"  {line}" for line in bench.stage.told()),
    ]
    return "\n".join(lines)
