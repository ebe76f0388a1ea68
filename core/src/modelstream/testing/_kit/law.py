"""What a law of the conformance kit is, and what is said when one is broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from modelstream.testing._kit.features import Features

Given = Any
"""A hypothesis strategy, or a function that makes one for what a provider's format can say."""


class LawBrokenError(AssertionError):
    """A wrapper or sink does not do what it must."""


@dataclass(frozen=True)
class Law:
    """One thing that must hold.

    `check` takes the bench and what is drawn from the strategies in `given`, once for each of `ways`. `where`
    tells where it can be checked, `needs` which feature it is about. `examples` is the share that it tries of
    the examples in the hypothesis profile.
    """

    name: str
    sentence: str
    check: Callable[..., None]
    given: Mapping[str, Given]
    ways: tuple[str, ...]
    where: Literal["anywhere", "http", "engine"]
    needs: str | None
    examples: float

    def applies(self, features: object, *, in_process: bool) -> bool:
        """Whether a wrapper, or sink, that can do so much can break it at all."""
        if self.where == ("http" if in_process else "engine"):
            return False
        return self.needs is None or bool(getattr(features, self.needs))

    def strategies(self, features: Features) -> dict[str, Any]:
        """What to draw for a provider whose format can say so much."""
        return {
            name: strategy(features) if callable(strategy) else strategy
            for name, strategy in self.given.items()
        }


class Laws:
    """The laws of one kind, in the order in which they stand in the docs."""

    def __init__(self, ways: tuple[str, ...] = ("sync", "async"), examples: float = 0.2) -> None:
        self.laws: dict[str, Law] = {}
        self._ways = ways
        self._examples = examples

    def law(
        self,
        *,
        ways: tuple[str, ...] | None = None,
        where: Literal["anywhere", "http", "engine"] = "anywhere",
        needs: str | None = None,
        examples: float | None = None,
        **given: Given,
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """Make a law of a function; its docstring is the sentence, its name the name."""

        def enact(check: Callable[..., None]) -> Callable[..., None]:
            name = check.__name__
            sentence = " ".join((check.__doc__ or "").split())
            share = self._examples if examples is None else examples
            self.laws[name] = Law(name, sentence, check, given, ways or self._ways, where, needs, share)
            return check

        return enact


def must(held: object, what: str) -> None:
    """Say that the law is broken unless `held`."""
    if not held:
        raise LawBrokenError(what)


def same(found: object, expected: object, what: str) -> None:
    """Say that the law is broken unless `what` was found as expected."""
    if found != expected:
        raise LawBrokenError(f"{what}: expected {clipped(expected)}, found {clipped(found)}")


def clipped(value: object, limit: int = 400) -> str:
    """A value as it is shown."""
    shown = repr(value)
    return shown if len(shown) <= limit else f"{shown[:limit]}… ({len(shown)} characters)"
