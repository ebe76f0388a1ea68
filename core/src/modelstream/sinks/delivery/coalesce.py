"""Coalescing: merge the waiting items of one message into as few as have the same meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec

from modelstream.deltas import Delta, ReasoningDelta, ToolCallDelta, UsageDelta
from modelstream.sinks.base import Outcome
from modelstream.snapshot import Snapshot

SinkItem = Snapshot | Delta | Outcome
"""What a sink receives for an open message: text, any other delta, or the end."""


def coalesce(items: Sequence[SinkItem]) -> list[SinkItem]:
    """The items of one message, in order, with neighbours of a kind merged into one.

    Text, reasoning and the arguments of one tool call are concatenated. Token counts are merged into the last
    `UsageDelta`. Text that starts over replaces the text before it. The snapshot with `last=True` and
    outcomes are not merged. `items` is not changed. Safe to call from any thread.
    """
    merged: list[SinkItem] = []
    for kind, group in groupby(_with_latest_usage(items), type):
        run = list(group)
        merged += _MERGERS[kind](run) if kind in _MERGERS else run
    return merged


def _with_latest_usage(items: Sequence[SinkItem]) -> Iterable[SinkItem]:
    """The items with all token counts merged into the last one."""
    counts = [item for item in items if type(item) is UsageDelta]
    if len(counts) < 2:
        return items
    latest = counts[0]
    for newer in counts[1:]:
        latest = UsageDelta(*msgspec.structs.astuple(latest.updated(newer)))
    return _replaced(items, counts[-1], latest)


def _replaced(items: Sequence[SinkItem], last: UsageDelta, latest: UsageDelta) -> Iterator[SinkItem]:
    for item in items:
        if item is last:
            yield latest
        elif type(item) is not UsageDelta:
            yield item


def _merge_text(run: list[Snapshot]) -> list[Snapshot]:
    ending = run[-1:] if run[-1].last else []
    run = _since_restart(run[: len(run) - len(ending)])
    if len(run) < 2:
        return run + ending
    text = "".join([snapshot.delta for snapshot in run])
    start, latest = run[0].offset, run[-1]
    # Only a third party's snapshots have gaps; their deltas alone are not the text.
    if start + len(text) != latest.offset + len(latest.delta):
        return run + ending
    return [Snapshot(text, False, start, latest.source), *ending]  # noqa: FBT003


def _since_restart(run: list[Snapshot]) -> list[Snapshot]:
    """The snapshots from the last restart of the text on."""
    for at in range(len(run) - 1, 0, -1):
        if not run[at].offset:
            return run[at:]
    return run


def _merge_reasoning(run: list[ReasoningDelta]) -> list[ReasoningDelta]:
    return [ReasoningDelta("".join([delta.text for delta in run]))]


def _merge_tool_calls(run: list[ToolCallDelta]) -> list[ToolCallDelta]:
    calls: list[list[ToolCallDelta]] = []
    for delta in run:
        if calls and delta.index == calls[-1][0].index and delta.id is None and delta.name is None:
            calls[-1].append(delta)
        else:
            calls.append([delta])
    return [
        ToolCallDelta(call[0].index, call[0].id, call[0].name, "".join([delta.arguments for delta in call]))
        for call in calls
    ]


_MERGERS: dict[type, Callable[[list[Any]], list[Any]]] = {
    Snapshot: _merge_text,
    ReasoningDelta: _merge_reasoning,
    ToolCallDelta: _merge_tool_calls,
}
