"""What waits of one message, joined: less to deliver that says the same.

Neighbouring text, reasoning and tool-call arguments become one each; of the token counts, which replace each
other, the latest stay. The order is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec

from modelstream.deltas import Delta, ReasoningDelta, ToolCallDelta, UsageDelta
from modelstream.sinks.base import Outcome
from modelstream.snapshot import Snapshot

News = Snapshot | Delta | Outcome
"""What a sink is told of a message that is open."""


def joined(news: Sequence[News]) -> list[News]:
    """The news with all that can be told at once told at once."""
    told: list[News] = []
    for kind, same in groupby(_with_latest_counts(news), type):
        run = list(same)
        told += _JOINERS[kind](run) if kind in _JOINERS else run
    return told


def _with_latest_counts(news: Sequence[News]) -> Iterable[News]:
    """The news with all token counts put into the last of them."""
    counts = [one for one in news if type(one) is UsageDelta]
    if len(counts) < 2:
        return news
    latest = counts[0]
    for newer in counts[1:]:
        latest = UsageDelta(*msgspec.structs.astuple(latest.updated(newer)))
    return _replaced(news, counts[-1], latest)


def _replaced(news: Sequence[News], last: UsageDelta, latest: UsageDelta) -> Iterator[News]:
    for one in news:
        if one is last:
            yield latest
        elif type(one) is not UsageDelta:
            yield one


def _one_text(run: list[Snapshot]) -> list[Snapshot]:
    ending = run[-1:] if run[-1].last else []
    run = _since_afresh(run[: len(run) - len(ending)])
    if len(run) < 2:
        return run + ending
    text = "".join([one.delta for one in run])
    start, latest = run[0].offset, run[-1]
    if start + len(text) != latest.offset + len(latest.delta):  # with gaps, which only a stranger leaves
        return run + ending
    return [Snapshot(text, False, start, latest.source), *ending]  # noqa: FBT003


def _since_afresh(run: list[Snapshot]) -> list[Snapshot]:
    """Text that begins afresh stands for all text before it."""
    for at in range(len(run) - 1, 0, -1):
        if not run[at].offset:
            return run[at:]
    return run


def _one_thought(run: list[ReasoningDelta]) -> list[ReasoningDelta]:
    return [ReasoningDelta("".join([one.text for one in run]))]


def _whole_calls(run: list[ToolCallDelta]) -> list[ToolCallDelta]:
    calls: list[list[ToolCallDelta]] = []
    for one in run:
        if calls and one.index == calls[-1][0].index and one.id is None and one.name is None:
            calls[-1].append(one)
        else:
            calls.append([one])
    return [
        ToolCallDelta(call[0].index, call[0].id, call[0].name, "".join([one.arguments for one in call]))
        for call in calls
    ]


_JOINERS: dict[type, Any] = {Snapshot: _one_text, ReasoningDelta: _one_thought, ToolCallDelta: _whole_calls}
