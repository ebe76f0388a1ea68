"""What a provider's format supports, so that the kit tests nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from modelstream.deltas import Finish
from modelstream.wire.writing import FrameWriter

if TYPE_CHECKING:
    from modelstream.wire.writing import Wire


ENGINE_FINISHES = MappingProxyType({"stop": "stop", "length": "length", "tool_calls": "tool_calls"})
"""The finish reasons of a model inside the process."""


@dataclass(frozen=True)
class Features:
    """The fields are those of `Wire`; `usage` stands for counts in the middle of an answer.

    `terminal` is whether nothing counts after the end; `early_finish` whether frames may follow the one with
    the finish reason, and belong to the answer.
    """

    reasoning: bool = False
    tools: bool = False
    usage: bool = False
    errors: bool = False
    tool_pieces: bool = True
    tool_ids: bool = True
    whole_reasoning: bool = True
    halves: bool = False
    terminal: bool = True
    early_finish: bool = False
    counts: tuple[str, ...] = ("input_tokens", "output_tokens")
    finishes: Mapping[str, str] = field(default_factory=lambda: ENGINE_FINISHES)

    @classmethod
    def of(cls, wire: Wire) -> Self:
        """The features of `wire`."""
        return cls(
            reasoning=wire.can("reasoning"),
            tools=wire.can("tool_call"),
            usage=wire.can("usage"),
            errors=wire.can("error"),
            tool_pieces=wire.tool_pieces,
            tool_ids=wire.tool_ids,
            whole_reasoning=wire.whole_reasoning,
            halves=wire.halves,
            terminal=bool(wire.has_terminal),
            early_finish=_early_finish(wire),
            counts=wire.counts,
            finishes=wire.finishes,
        )


def _early_finish(wire: Wire) -> bool:
    if wire.has_terminal is None or not isinstance(writer := wire.writer(), FrameWriter):
        return False
    end = writer.end(Finish("stop", wire.finishes["stop"]), None)
    return not wire.has_terminal or wire.end_marker % len(end) < len(end) - 1
