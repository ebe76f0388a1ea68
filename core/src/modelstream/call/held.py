"""A finish that a provider has sent but that may not be the end: more of the answer may follow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from modelstream.deltas import Delta, Finish


class Held(msgspec.Struct, frozen=True):
    """A finish that takes effect if nothing more arrives.

    A `strong` one leaves the answer complete when the call is closed or loses its connection, or after
    `grace` seconds of silence. Any other needs a further sign from the provider.
    """

    finish: Finish
    strong: bool
    grace: float


class Batch(list["str | Delta"]):
    """Deltas that arrived together, and the finish that is held after them, if any."""

    __slots__ = ("held",)

    def __init__(self, deltas: list[str | Delta], held: Held | None) -> None:
        super().__init__(deltas)
        self.held = held
