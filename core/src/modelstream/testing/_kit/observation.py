"""What a reader of one answer observes, from the call to its end."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modelstream.deltas import Finish, ReasoningDelta, ToolCall, ToolCallDelta, Usage
from modelstream.testing._kit.law import LawBrokenError, must, same
from modelstream.testing._kit.script import Script, text_of, usage_of

if TYPE_CHECKING:
    from modelstream.deltas import Delta
    from modelstream.snapshot import Snapshot
    from modelstream.testing._kit.features import Features
    from modelstream.testing._kit.ways import Way
    from modelstream.wrapper import ModelWrapper

Listener = Callable[[Any], None]


@dataclass
class Observation:
    """The `snapshots` in order, and the `error` that ended the reading or, if `refused`, the call itself."""

    response: Any = None
    snapshots: list[Snapshot] = field(default_factory=list)
    error: Exception | None = None
    refused: bool = False

    @property
    def pairs(self) -> list[tuple[bool, str]]:
        """The snapshots as pairs of `last` and `text`."""
        return [(snapshot.last, snapshot.text) for snapshot in self.snapshots]

    @property
    def text(self) -> str:
        """The text that was shown."""
        return self.snapshots[-1].text if self.snapshots else ""

    def content(self, features: Features) -> tuple[Any, ...]:
        """The content of the answer, in a form that can be compared."""
        response = self.response
        calls = [comparable(call, features) for call in response.tool_calls]
        return (self.text, response.reasoning, calls, response.usage, response.finish_reason)


def observe(
    way: Way, wrapper: ModelWrapper, listener: Listener | None = None, *, stream: bool = True
) -> Observation:
    """Call the wrapper and read the stream to its end; `listener` is called with every snapshot."""
    observed = Observation()
    try:
        observed.response = way.call(wrapper, stream=stream)
    except LawBrokenError:
        raise
    except Exception as error:  # noqa: BLE001 (the law checks its type)
        observed.error, observed.refused = error, True
        return observed

    def note(snapshot: Snapshot) -> None:
        observed.snapshots.append(snapshot)
        if listener is not None:
            listener(snapshot)

    reader = observed.response.stream
    if reader is not None:
        read(way, observed, reader, note)
    return observed


def read(way: Way, observed: Observation, reader: Any, listener: Listener) -> None:
    """Read to the end; an error is stored in `observed`."""
    try:
        way.each(reader, listener)
    except LawBrokenError:
        raise
    except Exception as error:  # noqa: BLE001 (the law checks its type)
        observed.error = error


def deltas_of(way: Way, response: Any) -> list[Delta]:
    """All deltas of a complete response."""
    found: list[Delta] = []
    way.each(response.deltas, found.append)
    return found


def check_complete(observed: Observation, script: Script) -> None:
    """Check that the answer is complete and has the text of the script."""
    if observed.error is not None:
        raise LawBrokenError(f"a complete answer ended with {describe(observed.error)}") from observed.error
    same(observed.text, script.text, "the text")
    must(observed.snapshots, "a complete answer gave no snapshot")
    must(observed.snapshots[-1].last, "the last snapshot of a complete answer has last=False")


def comparable(call: ToolCall, features: Features) -> tuple[str | None, str, str]:
    """A tool call without white space in its arguments, and without an id if the provider sends none."""
    arguments = call.arguments
    try:
        arguments = json.dumps(json.loads(arguments), sort_keys=True)
    except ValueError:
        arguments = f"not JSON: {arguments!r}"
    return call.id if features.tool_ids else None, call.name, arguments


def expected_usage(script: Script) -> Usage | None:
    """The token counts at the end."""
    known = usage_of(script.deltas)
    if script.usage is None:
        return known
    return (known or Usage()).updated(script.usage)


def counts(usage: Usage | None, features: Features) -> tuple[Any, ...] | None:
    """Those token counts that the provider sends."""
    return None if usage is None else tuple(getattr(usage, name) for name in features.counts)


def describe(error: BaseException) -> str:
    """An error with the full name of its type."""
    return f"{type(error).__module__}.{type(error).__name__}: {error}"


@dataclass(frozen=True)
class Progress:
    """How far an answer is: characters of text and of reasoning, tool calls begun, and the end."""

    text: int = 0
    reasoning: int = 0
    calls: int = 0
    finished: bool = False

    def reaches(self, other: Progress) -> bool:
        """Whether this is at least as far as `other`."""
        return (
            self.text >= other.text
            and self.reasoning >= other.reasoning
            and self.calls >= other.calls
            and self.finished >= other.finished
        )


def progress_of(deltas: Sequence[Delta]) -> Progress:
    """The progress after these deltas."""
    reasoning = [delta.text for delta in deltas if isinstance(delta, ReasoningDelta)]
    calls = {delta.index for delta in deltas if isinstance(delta, ToolCallDelta)}
    finished = any(isinstance(delta, Finish) for delta in deltas)
    return Progress(len(text_of(deltas, ended=False)), sum(map(len, reasoning)), len(calls), finished)
