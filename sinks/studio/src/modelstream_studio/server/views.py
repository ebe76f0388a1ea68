"""What browsers receive: runs, messages and questions, and the changes to them (`Op`)."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from modelstream_studio.frames import Counts, Failure  # noqa: TC001 - Structs look their types up

RunState = Literal["live", "finished", "lost"]
MessageState = Literal["live", "complete", "failed", "cancelled", "cut"]
QuestionState = Literal["open", "answered", "withdrawn"]


class Run(msgspec.Struct):
    """One run of a program. `live` counts messages being written, `questions` the open ones."""

    id: str
    project: str
    name: str
    program: str
    pid: int | None
    host: str
    started: float
    seen: float
    state: RunState = "live"
    messages: int = 0
    live: int = 0
    questions: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    agents: list[str] = []


class ToolCall(msgspec.Struct):
    """A tool call so far; `arguments` is its JSON text."""

    i: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


class Message(msgspec.Struct):
    """One answer. `blocks` are its closed parts as HTML, `tail` the source of what is still open."""

    id: str
    run: str
    name: str
    role: str
    agent: str | None
    model_type: str | None
    model_name: str | None
    started: float
    first_at: float | None = None
    ended: float | None = None
    state: MessageState = "live"
    finish_reason: str | None = None
    error: Failure | None = None
    usage: Counts | None = None
    blocks: list[str] | None = None
    tail: str = ""
    text_length: int = 0
    reasoning: str = ""
    tool_calls: list[ToolCall] = []
    gap: int = 0
    metadata: dict[str, Any] = {}


class Question(msgspec.Struct):
    """A question of a program to the user."""

    id: str
    run: str
    name: str
    prompt: str
    schema: dict[str, Any] | None
    at: float = msgspec.field(name="asked")
    state: QuestionState = "open"
    value: Any = None


class Op(msgspec.Struct, tag_field="op", tag=str.lower):
    """A change in a run."""


class MessageOp(Op, tag="message"):
    """A message is new, or replaces what is shown."""

    message: Message


class TextOp(Op, tag="text", omit_defaults=True):
    """New text: closed blocks, and the open tail as a whole (`tail`) or what is added to it (`more`)."""

    m: str
    blocks: list[str] = []
    tail: str | None = None
    more: str | None = None


class FreshOp(Op, tag="fresh"):
    """Remove what was shown of the message."""

    m: str


class ReasoningOp(Op, tag="reasoning"):
    """More reasoning."""

    m: str
    d: str


class ToolOp(Op, tag="tool"):
    """More of a tool call."""

    m: str
    i: int
    id: str | None
    name: str | None
    d: str


class GapOp(Op, tag="gap"):
    """Text is missing."""

    m: str
    lost: int


class EndOp(Op, tag="end"):
    """The message is over. Its `blocks` are null if they are those already sent."""

    message: Message


class RunOp(Op, tag="run"):
    """The new summary of the run."""

    run: Run


class QuestionOp(Op, tag="question"):
    """A question is asked."""

    question: Question


class QuestionOverOp(Op, tag="question-over"):
    """A question is settled."""

    q: str
    value: Any
    state: QuestionState


AnyOp = (
    MessageOp | TextOp | FreshOp | ReasoningOp | ToolOp | GapOp | EndOp | RunOp | QuestionOp | QuestionOverOp
)
