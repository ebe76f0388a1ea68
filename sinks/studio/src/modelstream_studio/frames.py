"""The messages between a program and Studio.

A *producer* is one sink in one process. All that it reports is one log of frames, numbered 1, 2, 3, …, sent
in batches of lines: first a `Batch`, then the frames. Studio answers with the number up to which it has
stored them (`Persisted`); the rest is sent again, under the same numbers. Studio sends commands back: the
user's answers, and which message to end.

Times are seconds since the epoch; offsets and lengths count Unicode code points.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

PUBLISH = "/v1/publish"
COMMANDS = "/v1/commands"
MEDIA_TYPE = "application/x-ndjson"

MAX_LINE = 1 << 20
"""Bytes of one frame; a longer one is rejected."""
MAX_BODY = 8 << 20
"""Bytes of one batch; a larger one is rejected as a whole."""

HEARTBEAT = 3.0
"""Seconds between two batches, which may be empty, while a message or a question is open."""
IDLE_HEARTBEAT = 5.0
"""The same while none is open."""
LEASE = 10.0
"""Seconds without a batch after which a producer counts as lost."""
LONG_POLL = 20.0
"""Seconds that Studio keeps a request for commands waiting."""

State = Literal["complete", "failed", "cancelled"]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Time = Annotated[float, msgspec.Meta(ge=0, le=1e11)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]


class RunInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """The run of a program that a producer reports from."""

    id: Id
    project: str | None = None
    name: str | None = None
    program: str | None = None
    pid: Count | None = None
    host: str | None = None
    started: Time = 0.0


class Batch(msgspec.Struct, frozen=True, omit_defaults=True):
    """The first line of a batch; the frames `first`, `first + 1`, … follow, one a line.

    The first batch of a connection has `run`; an unknown producer without it is answered 409.
    """

    producer: Id
    first: Annotated[int, msgspec.Meta(ge=1, le=1 << 53)]
    run: RunInfo | None = None


class Refusal(msgspec.Struct, frozen=True):
    """A frame that was ignored, and why."""

    n: int
    why: str


class Persisted(msgspec.Struct, frozen=True, omit_defaults=True):
    """Studio's answer to a batch: the frames up to `persisted` may be dropped.

    `refused` are the invalid ones of the batch: they count as persisted, but are not shown.
    """

    persisted: int
    refused: list[Refusal] = []


class Frame(msgspec.Struct, frozen=True, tag_field="k", omit_defaults=True):
    """One line of a producer's log."""


class Open(Frame, tag="open", frozen=True):
    """A message begins; an existing one starts over. `agent` distinguishes agents with the same name."""

    message: Id = msgspec.field(name="m")
    name: str
    at: Time
    role: str = "assistant"
    model_type: str | None = None
    model_name: str | None = None
    agent: str | None = None
    metadata: dict[str, Any] = {}


class Text(Frame, tag="text", frozen=True):
    """Text that continues the message at `offset`."""

    message: Id = msgspec.field(name="m")
    offset: Count = msgspec.field(name="o")
    delta: str = msgspec.field(name="d")
    at: Time = 0.0


class Fresh(Frame, tag="fresh", frozen=True):
    """Text that replaces the text so far."""

    message: Id = msgspec.field(name="m")
    text: str = msgspec.field(name="d")


class Reasoning(Frame, tag="reasoning", frozen=True):
    """Reasoning that continues at `offset` of the message's reasoning."""

    message: Id = msgspec.field(name="m")
    offset: Count = msgspec.field(name="o")
    delta: str = msgspec.field(name="d")
    at: Time = 0.0


class Tool(Frame, tag="tool", frozen=True):
    """A piece of the tool call `index`: its arguments continue at `offset`."""

    message: Id = msgspec.field(name="m")
    index: Count = msgspec.field(name="i")
    offset: Count = msgspec.field(name="o", default=0)
    delta: str = msgspec.field(name="d", default="")
    id: str | None = None
    name: str | None = None


class Counts(msgspec.Struct, frozen=True, omit_defaults=True):
    """Token counts, None where the provider did not send them."""

    input_tokens: Count | None = None
    output_tokens: Count | None = None
    reasoning_tokens: Count | None = None
    cached_tokens: Count | None = None


class UsageSoFar(Frame, tag="usage", frozen=True):
    """The token counts up to now; they replace earlier ones."""

    message: Id = msgspec.field(name="m")
    usage: Counts


class Failure(msgspec.Struct, frozen=True):
    """The error that ended a message early: its type and its message."""

    type: str
    message: str


class Call(msgspec.Struct, frozen=True):
    """A whole tool call."""

    id: str
    name: str
    arguments: str


class Close(Frame, tag="close", frozen=True):
    """The message is over. `first_at` is the time of its first delta."""

    message: Id = msgspec.field(name="m")
    state: State
    at: Time
    finish_reason: str | None = None
    error: Failure | None = None
    usage: Counts | None = None
    tool_calls: list[Call] = []
    first_at: Time | None = None


class Ask(Frame, tag="ask", frozen=True):
    """The user is asked; `schema` is a JSON schema where more than text is wanted."""

    question: Id = msgspec.field(name="q")
    name: str
    prompt: str
    at: Time
    schema: dict[str, Any] | None = None


class Answered(Frame, tag="answered", frozen=True):
    """The question was answered; `elsewhere` means not in Studio."""

    question: Id = msgspec.field(name="q")
    value: Any = None
    elsewhere: bool = msgspec.field(name="here", default=False)


class Withdrawn(Frame, tag="withdrawn", frozen=True):
    """The question was cancelled."""

    question: Id = msgspec.field(name="q")


class Gap(Frame, tag="gap", frozen=True):
    """The number of characters of the message's text that were dropped while Studio was unreachable."""

    message: Id = msgspec.field(name="m")
    lost: Count


class Bye(Frame, tag="bye", frozen=True):
    """The producer has finished."""

    at: Time


AnyFrame = (
    Open | Text | Fresh | Reasoning | Tool | UsageSoFar | Close | Ask | Answered | Withdrawn | Gap | Bye
)


class Answer(msgspec.Struct, frozen=True, tag_field="do", tag="answer"):
    """Command: the user's answer to a question."""

    n: int
    question: Id = msgspec.field(name="q")
    value: Any


class Cancel(msgspec.Struct, frozen=True, tag_field="do", tag="cancel"):
    """Command: end the stream of a message."""

    n: int
    message: Id = msgspec.field(name="m")


Command = Answer | Cancel


class Commands(msgspec.Struct, frozen=True):
    """The commands for a producer; `n` grows, and `after` skips those already handled."""

    commands: list[Command]


_encoder = msgspec.json.Encoder()


def encode(line: Batch | Frame) -> bytes:
    """One line of a batch, without its end."""
    return _encoder.encode(line)
