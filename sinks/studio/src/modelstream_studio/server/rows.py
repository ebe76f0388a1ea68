"""Convert runs, producers and questions to statements for the store, and rows back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from modelstream_studio.server.views import Question, Run

if TYPE_CHECKING:
    from modelstream_studio.server.store import Statement

RUN_COLUMNS = (
    "id, project, name, program, pid, host, started, seen, state, messages, live, questions, input_tokens, "
    "output_tokens, agents"
)

_encode = msgspec.json.Encoder()


def run_statement(run: Run) -> Statement:
    """The statement that stores a run's summary."""
    values = list(msgspec.structs.astuple(run))
    agents = values.pop()
    return (
        f"INSERT OR REPLACE INTO runs({RUN_COLUMNS}) VALUES({', '.join('?' * 15)})",
        (*values, _encode.encode(agents).decode()),
    )


def run_of(row: tuple[Any, ...]) -> Run:
    """The run of a row with `RUN_COLUMNS`."""
    values: list[Any] = [*row[:-1], msgspec.json.decode(row[-1], type=list[str])]
    return Run(*values)


def producer_statement(id: str, run: str, persisted: int, state: str) -> Statement:  # noqa: A002
    """The statement that stores how far a producer is."""
    return ("INSERT OR REPLACE INTO producers VALUES(?, ?, ?, ?)", (id, run, persisted, state))


def question_statement(question: Question, producer: str, state: str | None = None) -> Statement:
    """The statement that stores a question; `state` is `cut` for one whose producer was lost."""
    return (
        "INSERT OR REPLACE INTO questions VALUES(?, ?, ?, ?, ?, ?)",
        (
            question.id,
            question.run,
            producer,
            question.at,
            state or question.state,
            _encode.encode(question).decode(),
        ),
    )


def question_of(view: str) -> Question:
    """The question of a row."""
    return msgspec.json.decode(view, type=Question)
