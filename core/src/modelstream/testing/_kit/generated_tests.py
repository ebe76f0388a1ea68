"""Test functions for the laws, new ones for each class: hypothesis can't share one between classes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Flaky

from modelstream.testing._kit.law import Law, LawBrokenError

HOW_TO_SKIP = "add a law that can't be kept to `skip`, with the reason"
FLAKY_NOTE = (
    "(It was not broken when tried again: it depends on timing, or on the bytes that one read returns.)"
)


def add_tests(cls: Any, laws: Mapping[str, Law], applying: Iterable[Law], features: Any) -> None:
    """Add a test to `cls` for each law in `applying`.

    Raises `TypeError` if `cls` overrides one of `laws`, or skips one that does not exist or without a reason.
    """
    for name in vars(cls):
        if name.startswith("test_") and name.removeprefix("test_") in laws:
            raise TypeError(f"{cls.__name__} overrides {name}: {HOW_TO_SKIP}.")
    for name, reason in cls.skip.items():
        if name not in laws:
            known = ", ".join(laws)
            raise TypeError(f"{cls.__name__}.skip names {name!r}, which is not a law; the laws are: {known}.")
        if not reason:
            raise TypeError(f"{cls.__name__}.skip has no reason for {name!r}.")
    for law in applying:
        setattr(cls, f"test_{law.name}", _test_of(law, cls, features))


def check_not_overridden(cls: type[Any], applying: Iterable[Law]) -> None:
    """Fail if a law was removed or replaced after the class was created."""
    for law in applying:
        test = getattr(cls, f"test_{law.name}", None)
        if getattr(test, "law", None) is not law:
            pytest.fail(f"{cls.__name__}.test_{law.name} was replaced: {HOW_TO_SKIP}.")


def _test_of(law: Law, cls: type[Any], features: Any) -> Callable[..., None]:
    test = _named(_check_of(law), law, cls)
    if law.arguments:
        test = given(**law.strategies(features))(test)
        test = settings(
            max_examples=max(1, round(settings().max_examples * law.examples)),
            deadline=None,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        )(test)
        test = _reporting_flaky(test)
    test = pytest.mark.parametrize("way", law.ways)(test)
    if law.name in cls.skip:
        test = pytest.mark.skip(reason=cls.skip[law.name])(test)
    marked: Any = test
    marked.law = law
    marked.__qualname__ = f"{cls.__qualname__}.{test.__name__}"  # hypothesis has its own
    return cast("Callable[..., None]", marked)


def _check_of(law: Law) -> Callable[..., None]:
    def test(self: Any, way: str, *values: Any, **named: Any) -> None:
        __tracebackhide__ = True
        bench = self.bench(way)
        drawn = {**dict(zip(law.arguments, values, strict=False)), **named}
        try:
            law.check(bench, **drawn)
        except Exception as error:  # noqa: BLE001 (any error means that a law is broken)
            # Keep the traceback of the wrapper, not that of the kit.
            cause = error.__cause__ if isinstance(error, LawBrokenError) else error
            raise LawBrokenError(_report(law, bench, drawn, error)) from cause

    return test


def _reporting_flaky(test: Callable[..., None]) -> Callable[..., None]:
    """The test, which also reports a law that was broken once but not when hypothesis tried again.

    Hypothesis alone would only report that the test is flaky: how many bytes one read returns differs each
    time, and a defect may depend on it.
    """

    @functools.wraps(test)
    def wrapped(self: Any, way: str) -> None:
        __tracebackhide__ = True
        try:
            test(self, way=way)
        except Flaky as flaky:
            found = _first_broken(flaky)
            if found is None:
                raise
            raise LawBrokenError(f"{found}\n{FLAKY_NOTE}") from found.__cause__

    return wrapped


def _first_broken(flaky: BaseException | None) -> LawBrokenError | None:
    """The `LawBrokenError` inside hypothesis' error; where it is depends on the version of hypothesis."""
    if flaky is None or isinstance(flaky, LawBrokenError):
        return flaky
    within = [*getattr(flaky, "exceptions", ()), flaky.__cause__, flaky.__context__]
    return next(filter(None, map(_first_broken, within)), None)


def _named(test: Callable[..., None], law: Law, cls: type[Any]) -> Callable[..., None]:
    """The test with the name, module and signature that pytest and hypothesis look at."""
    test.__name__ = f"test_{law.name}"
    test.__module__ = cls.__module__
    test.__doc__ = law.sentence
    names = ["self", "way", *law.arguments]
    # Hypothesis identifies equal tests, and would try failing examples of one class on another.
    test.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names],
        return_annotation=f"{cls.__module__}.{cls.__qualname__}",
    )
    return test


def _report(law: Law, bench: Any, drawn: Mapping[str, Any], error: Exception) -> str:
    """The message of a broken law."""
    what = str(error) if isinstance(error, LawBrokenError) else f"{type(error).__name__}: {error}"
    lines = [
        f"the law `{law.name}` is broken ({bench.way.name}):",
        f"  {law.sentence}",
        f"what happened: {what}",
        *(f"{name}: {value!r}" for name, value in drawn.items()),
        f"{bench.report_title}:",
        *(f"  {line}" for line in bench.report()),
    ]
    return "\n".join(lines)
