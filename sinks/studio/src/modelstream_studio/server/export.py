"""A run as a file: JSON for programs, Markdown for people."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from modelstream_studio.server.views import Message

if TYPE_CHECKING:
    from modelstream_studio.server.hub import Hub
    from modelstream_studio.server.views import Question, Run

_decode = msgspec.json.Decoder(Message)


def as_json(hub: Hub, run: Run, questions: list[Question]) -> bytes:
    """The run, its messages with their whole texts, and its questions."""
    messages = []
    for message, text in _messages(hub, run.id):
        fields = msgspec.to_builtins(message)
        for shown in ("blocks", "tail", "text_length"):
            del fields[shown]
        messages.append({**fields, "text": text})
    whole = {"run": run, "messages": messages, "questions": questions}
    return msgspec.json.format(msgspec.json.encode(whole), indent=2)


def as_markdown(hub: Hub, run: Run, questions: list[Question]) -> str:
    """The conversation as Markdown."""
    parts = [f"# {_inline(run.name)}", f"{_inline(run.project)} · {_time(run.started)} · {run.state}"]
    entries = [(message.started, _message_entry(message, text)) for message, text in _messages(hub, run.id)]
    entries += [(question.at, _question_entry(question)) for question in questions]
    parts += [entry for _, entry in sorted(entries, key=lambda entry: entry[0])]
    return "\n\n".join(parts) + "\n"


def _messages(hub: Hub, run: str) -> list[tuple[Message, str]]:
    live = hub.runs.get(run)
    found = {message.id: (message, text) for message, text in _stored(hub, run)}
    for message in live.messages.values() if live is not None else ():
        found[message.view.id] = (message.snapshot(), message.text)
    return sorted(found.values(), key=lambda entry: entry[0].started)


def _stored(hub: Hub, run: str) -> list[tuple[Message, str]]:
    return [(_decode.decode(view), text) for view, text in hub.archive.texts(run)]


def _message_entry(message: Message, text: str) -> str:
    parts = [f"## {_inline(message.name)}", f"*{_details(message)}*"]
    if message.reasoning:
        parts.append("\n".join(f"> {line}".rstrip() for line in message.reasoning.splitlines()))
    if text:
        parts.append(text)
    parts += [
        f"→ {_code(call.name or '?')}\n\n{_fenced(call.arguments, 'json')}" for call in message.tool_calls
    ]
    if message.error is not None:
        parts.append(f"**{_inline(message.error.type)}**: {_inline(message.error.message)}")
    return "\n\n".join(parts)


def _details(message: Message) -> str:
    usage = message.usage
    tokens = f"{usage.input_tokens} → {usage.output_tokens} tokens" if usage is not None else None
    known = (_time(message.started), message.model_name, message.state, message.finish_reason, tokens)
    return " · ".join(_inline(word) for word in known if word)


def _question_entry(question: Question) -> str:
    answer: Any = question.value
    if not isinstance(answer, str):
        answer = msgspec.json.encode(answer).decode()
    result = f"Answer: {answer}" if question.state == "answered" else f"*{question.state}*"
    return f"## {_inline(question.name)} asks\n\n{question.prompt}\n\n{result}"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _inline(text: str) -> str:
    """Text within a line, with its markup escaped."""
    return re.sub(r"([\\`*_\[\]<>#|])", r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    return f"`{text.replace('`', chr(39))}`"


def _fenced(text: str, info: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{info}\n{text}\n{fence}"
