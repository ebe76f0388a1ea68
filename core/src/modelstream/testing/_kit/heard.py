"""What a reader of one answer saw, from the call to its end."""

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
class Heard:
    """The `snapshots` in order, and the `error` that ended the reading or, if `refused`, the call itself."""

    response: Any = None
    snapshots: list[Snapshot] = field(default_factory=list)
    error: Exception | None = None
    refused: bool = False

    @property
    def pairs(self) -> list[tuple[bool, str]]:
        """The snapshots as pairs."""
        return [(snapshot.last, snapshot.text) for snapshot in self.snapshots]

    @property
    def text(self) -> str:
        """The text that was shown."""
        return self.snapshots[-1].text if self.snapshots else ""

    def content(self, features: Features) -> tuple[Any, ...]:
        """All that the answer says, in a form that compares."""
        response = self.response
        calls = [comparable(call, features) for call in response.tool_calls]
        return (self.text, response.reasoning, calls, response.usage, response.finish_reason)


def hear(way: Way, wrapper: ModelWrapper, listener: Listener | None = None, *, stream: bool = True) -> Heard:
    """Call the wrapper and read the stream to its end; `listener` gets every snapshot as it comes."""
    heard = Heard()
    try:
        heard.response = way.call(wrapper, stream=stream)
    except LawBrokenError:
        raise
    except Exception as error:  # noqa: BLE001 (which it is, is for the law to judge)
        heard.error, heard.refused = error, True
        return heard

    def note(snapshot: Snapshot) -> None:
        heard.snapshots.append(snapshot)
        if listener is not None:
            listener(snapshot)

    reader = heard.response.stream
    if reader is not None:
        read(way, heard, reader, note)
    return heard


def read(way: Way, heard: Heard, reader: Any, listener: Listener) -> None:
    """Read to the end; what reading raises is `heard`."""
    try:
        way.each(reader, listener)
    except LawBrokenError:
        raise
    except Exception as error:  # noqa: BLE001 (which it is, is for the law to judge)
        heard.error = error


def deltas_of(way: Way, response: Any) -> list[Delta]:
    """All deltas of a response that has ended well."""
    found: list[Delta] = []
    way.each(response.deltas, found.append)
    return found


def complete(heard: Heard, script: Script) -> None:
    """The answer is complete, and its text is the script's."""
    if heard.error is not None:
        raise LawBrokenError(f"a complete answer ended with {told(heard.error)}") from heard.error
    same(heard.text, script.text, "the text")
    must(heard.snapshots, "a complete answer gave no snapshot")
    must(heard.snapshots[-1].last, "the last snapshot of a complete answer has last=False")


def comparable(call: ToolCall, features: Features) -> tuple[str | None, str, str]:
    """A tool call, without what the provider leaves to us: an id that it does not send, and white space."""
    arguments = call.arguments
    try:
        arguments = json.dumps(json.loads(arguments), sort_keys=True)
    except ValueError:
        arguments = f"no JSON: {arguments!r}"
    return call.id if features.tool_ids else None, call.name, arguments


def expected_usage(script: Script) -> Usage | None:
    """The counts that are known in the end."""
    known = usage_of(script.deltas)
    if script.usage is None:
        return known
    return (known or Usage()).updated(script.usage)


def counts(usage: Usage | None, features: Features) -> tuple[Any, ...] | None:
    """The counts that the provider sends."""
    return None if usage is None else tuple(getattr(usage, name) for name in features.counts)


def told(error: BaseException) -> str:
    """An error as it is shown."""
    return f"{type(error).__module__}.{type(error).__name__}: {error}"


@dataclass(frozen=True)
class Progress:
    """How much of an answer is known: characters of text and of thinking, tool calls begun, the end."""

    text: int = 0
    reasoning: int = 0
    calls: int = 0
    finished: bool = False

    def reaches(self, other: Progress) -> bool:
        """Whether at least as much is known."""
        return (
            self.text >= other.text
            and self.reasoning >= other.reasoning
            and self.calls >= other.calls
            and self.finished >= other.finished
        )


def progress_of(deltas: Sequence[Delta]) -> Progress:
    """What is known after these deltas."""
    reasoning = [delta.text for delta in deltas if isinstance(delta, ReasoningDelta)]
    calls = {delta.index for delta in deltas if isinstance(delta, ToolCallDelta)}
    finished = any(isinstance(delta, Finish) for delta in deltas)
    return Progress(len(text_of(deltas, ended=False)), sum(map(len, reasoning)), len(calls), finished)
