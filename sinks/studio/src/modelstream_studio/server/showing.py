"""Snapshots for browsers: runs, and the current messages and questions of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from modelstream_studio.server import limits

if TYPE_CHECKING:
    from modelstream_studio.server.hub import Hub
    from modelstream_studio.server.views import Question, Run

_encode = msgspec.json.Encoder()


class Snapshot(msgspec.Struct):
    """A run at position `at` of the events. `earlier` means that there are older messages."""

    run: Run | None
    messages: list[msgspec.Raw]
    questions: list[Question]
    earlier: bool
    at: str


class FullSnapshot(Snapshot):
    """The same with the summaries of the latest runs; `more_runs` means that there are older ones."""

    runs: list[Run] = []
    more_runs: bool = False


class Runs(msgspec.Struct):
    """A page of the list of runs, the latest first."""

    runs: list[Run]
    more: bool


class Messages(msgspec.Struct):
    """A page of a run's messages, the oldest first."""

    messages: list[msgspec.Raw]
    earlier: bool


def snapshot(hub: Hub, id: str) -> Snapshot | None:  # noqa: A002
    """The run with its latest messages, or None if there is no such run."""
    hub.tick()  # otherwise pending changes would be sent again after the snapshot
    run = _summary(hub, id)
    if run is None:
        return None
    messages, earlier = _messages(hub, id, None)
    return Snapshot(run, messages, _questions(hub, id), earlier, hub.ring.position)


def full_snapshot(hub: Hub, id: str | None) -> FullSnapshot:  # noqa: A002
    """Everything that a page needs to start or to start over."""
    hub.tick()
    found = snapshot(hub, id) if id is not None else None
    latest = runs(hub, "", None, limits.RUNS)
    if found is None:
        found = Snapshot(None, [], [], earlier=False, at=hub.ring.position)
    return FullSnapshot(
        found.run, found.messages, found.questions, found.earlier, found.at, latest.runs, latest.more
    )


def earlier_messages(hub: Hub, run: str, before: str) -> Messages:
    """The messages of a run before the one with this id."""
    trace = hub.archive.trace(run, before)
    if trace is None:
        return Messages([], earlier=False)
    found, earlier = _messages(hub, run, trace[0])
    return Messages(found, earlier)


def runs(hub: Hub, search: str, before: str | None, limit: int) -> Runs:
    """The latest runs that `search` finds, older than the run `before`."""
    bound = _summary(hub, before) if before else None
    found = {run.id: run for run in hub.archive.runs(search, bound, limit + 1)}
    # Runs in memory are newer than the stored ones, and may not be stored yet.
    for live in hub.runs.values():
        if live.view.id in found or (_matches(live.view, search) and _is_before(live.view, bound)):
            found[live.view.id] = live.view
    latest = sorted(found.values(), key=_order, reverse=True)
    return Runs(latest[:limit], len(latest) > limit)


def _summary(hub: Hub, id: str) -> Run | None:  # noqa: A002
    live = hub.runs.get(id)
    return live.view if live is not None else hub.archive.run(id)


def _messages(hub: Hub, run: str, before: int | None) -> tuple[list[msgspec.Raw], bool]:
    rows = hub.archive.views(run, before, limits.SNAPSHOT + 1)
    found = {key: msgspec.Raw(view.encode()) for key, view in rows}
    live = hub.runs.get(run)
    for message in live.messages.values() if live is not None else ():
        if before is None or message.key < before:
            found[message.key] = msgspec.Raw(_encode.encode(message.snapshot()))
    latest = sorted(found)[-limits.SNAPSHOT :]
    return [found[key] for key in latest], len(found) > len(latest)


def _questions(hub: Hub, run: str) -> list[Question]:
    found = {question.id: question for question in hub.archive.questions(run)}
    live = hub.runs.get(run)
    if live is not None:
        found.update(live.questions)
    return sorted(found.values(), key=lambda question: question.at)


def _matches(run: Run, search: str) -> bool:
    where = " ".join((run.project, run.name, run.program, run.id, *run.agents)).lower()
    return all(word in where for word in search.lower().split())


def _is_before(run: Run, bound: Run | None) -> bool:
    return bound is None or _order(run) < _order(bound)


def _order(run: Run) -> Any:
    return run.started, run.id
