"""What a law of the conformance kit is, and the error for a broken one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from modelstream.testing._kit.features import Features

Strategy = Any
"""A hypothesis strategy, or a function that returns one for the features of a provider's format."""


class LawBrokenError(AssertionError):
    """A wrapper or sink does not do what it must."""


@dataclass(frozen=True)
class Law:
    """One thing that must hold.

    `check` gets the bench and the values drawn from the strategies in `arguments`, once for each of `ways`.
    `where` states where the law can be checked, `needs` names the feature it is about. `examples` is the
    share of the hypothesis profile's examples that it uses.
    """

    name: str
    sentence: str
    check: Callable[..., None]
    arguments: Mapping[str, Strategy]
    ways: tuple[str, ...]
    where: Literal["anywhere", "http", "engine"]
    needs: str | None
    examples: float

    def applies(self, features: object, *, in_process: bool) -> bool:
        """Whether the law applies to a wrapper or sink with these features."""
        if self.where == ("http" if in_process else "engine"):
            return False
        return self.needs is None or bool(getattr(features, self.needs))

    def strategies(self, features: Features) -> dict[str, Any]:
        """The strategies for a provider with these features."""
        return {
            name: strategy(features) if callable(strategy) else strategy
            for name, strategy in self.arguments.items()
        }


class Laws:
    """The laws of one kind, in the order of the docs."""

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
        **arguments: Strategy,
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """A decorator that makes a function a law: its name is the law's, its docstring the sentence."""

        def register(check: Callable[..., None]) -> Callable[..., None]:
            name = check.__name__
            sentence = " ".join((check.__doc__ or "").split())
            share = self._examples if examples is None else examples
            self.laws[name] = Law(name, sentence, check, arguments, ways or self._ways, where, needs, share)
            return check

        return register


def must(held: object, what: str) -> None:
    """Raise `LawBrokenError` unless `held`."""
    if not held:
        raise LawBrokenError(what)


def same(found: object, expected: object, what: str) -> None:
    """Raise `LawBrokenError` unless the two are equal; `what` names them in the message."""
    if found != expected:
        raise LawBrokenError(f"{what}: expected {clipped(expected)}, found {clipped(found)}")


def clipped(value: object, limit: int = 400) -> str:
    """The `repr` of a value, shortened to `limit` characters."""
    shown = repr(value)
    return shown if len(shown) <= limit else f"{shown[:limit]}… ({len(shown)} characters)"
