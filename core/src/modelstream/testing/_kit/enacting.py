"""Laws made into test functions, a fresh one for each class: hypothesis can't share one among several."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Flaky

from modelstream.testing._kit.law import Law, LawBrokenError

WAY_OUT = "name a law that can't be kept in `skip`, with the reason"
NOT_ALWAYS = "(Tried again, it was not broken: it depends on how much one read brings, or on the moment.)"


def enact(cls: Any, laws: Mapping[str, Law], applying: Iterable[Law], features: Any) -> None:
    """Give `cls` a test for each applying law; a `TypeError` if it does away with one of `laws`."""
    for name in vars(cls):
        if name.startswith("test_") and name.removeprefix("test_") in laws:
            raise TypeError(f"{cls.__name__} overrides {name}: {WAY_OUT}.")
    for name, reason in cls.skip.items():
        if name not in laws:
            known = ", ".join(laws)
            raise TypeError(f"{cls.__name__}.skip names {name!r}, which is no law; there are: {known}.")
        if not reason:
            raise TypeError(f"{cls.__name__}.skip has no reason for {name!r}.")
    for law in applying:
        setattr(cls, f"test_{law.name}", _test_of(law, cls, features))


def must_stand(cls: type[Any], applying: Iterable[Law]) -> None:
    """Fail if a law was taken away after the class was made."""
    for law in applying:
        test = getattr(cls, f"test_{law.name}", None)
        if getattr(test, "law", None) is not law:
            pytest.fail(f"{cls.__name__}.test_{law.name} is not the law any more: {WAY_OUT}.")


def _test_of(law: Law, cls: type[Any], features: Any) -> Callable[..., None]:
    test = _named(_checking(law), law, cls)
    if law.given:
        test = given(**law.strategies(features))(test)
        test = settings(
            max_examples=max(1, round(settings().max_examples * law.examples)),
            deadline=None,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        )(test)
        test = _unsteady(test)
    test = pytest.mark.parametrize("way", law.ways)(test)
    if law.name in cls.skip:
        test = pytest.mark.skip(reason=cls.skip[law.name])(test)
    made: Any = test
    made.law = law
    made.__qualname__ = f"{cls.__qualname__}.{test.__name__}"  # hypothesis has its own
    return cast("Callable[..., None]", made)


def _checking(law: Law) -> Callable[..., None]:
    def test(self: Any, way: str, *values: Any, **named: Any) -> None:
        __tracebackhide__ = True
        bench = self.bench(way)
        drawn = {**dict(zip(law.given, values, strict=False)), **named}
        try:
            law.check(bench, **drawn)
        except Exception as error:  # noqa: BLE001 (whatever it is, a law is broken)
            # The kit's own frames are of no use to its reader, those of the wrapper are.
            cause = error.__cause__ if isinstance(error, LawBrokenError) else error
            raise LawBrokenError(_report(law, bench, drawn, error)) from cause

    return test


def _unsteady(test: Callable[..., None]) -> Callable[..., None]:
    """The test, which tells of a law that was broken once also if it was kept when the same was tried again.

    Hypothesis alone would tell of itself: how much one read brings is different each time, and with it what
    a reader makes of it that counts on whole frames.
    """

    @functools.wraps(test)
    def telling(self: Any, way: str) -> None:
        __tracebackhide__ = True
        try:
            test(self, way=way)
        except Flaky as flaky:
            found = _first_broken(flaky)
            if found is None:
                raise
            raise LawBrokenError(f"{found}\n{NOT_ALWAYS}") from found.__cause__

    return telling


def _first_broken(flaky: BaseException | None) -> LawBrokenError | None:
    """The broken law that hypothesis calls flaky, wherever it keeps it: that has changed over the years."""
    if flaky is None or isinstance(flaky, LawBrokenError):
        return flaky
    within = [*getattr(flaky, "exceptions", ()), flaky.__cause__, flaky.__context__]
    return next(filter(None, map(_first_broken, within)), None)


def _named(test: Callable[..., None], law: Law, cls: type[Any]) -> Callable[..., None]:
    """The test with the name, the place and the arguments that pytest and hypothesis look at."""
    test.__name__ = f"test_{law.name}"
    test.__module__ = cls.__module__
    test.__doc__ = law.sentence
    names = ["self", "way", *law.given]
    # Hypothesis takes tests that look alike for one, and offers one class what another one failed with.
    test.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names],
        return_annotation=f"{cls.__module__}.{cls.__qualname__}",
    )
    return test


def _report(law: Law, bench: Any, drawn: Mapping[str, Any], error: Exception) -> str:
    """What the author reads."""
    what = str(error) if isinstance(error, LawBrokenError) else f"{type(error).__name__}: {error}"
    lines = [
        f"the law `{law.name}` is broken ({bench.way.name}):",
        f"  {law.sentence}",
        f"what happened: {what}",
        *(f"{name}: {value!r}" for name, value in drawn.items()),
        f"{bench.told_by}:",
        *(f"  {line}" for line in bench.told()),
    ]
    return "\n".join(lines)
