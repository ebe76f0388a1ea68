"""What servers with OpenAI's wire send, as bodies, and what callers get: from the tables of the core's tests.

Those run in memory, here each body goes through every wrapper of the wire, by each of its transports.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import errors

from modelstream.deltas import Usage

ROOT = Path(__file__).parents[2]


class Input(NamedTuple):
    """One body. Fields of what callers get are not checked where they are None."""

    kind: str
    name: str
    body: tuple[bytes, ...]
    stream: bool = True
    text: str | None = None
    reasoning: str | None = None
    calls: tuple[tuple[str, str], ...] | None = None
    finish_reason: str | None = None
    usage: Usage | None = None
    error: str | None = None
    words: str = ""

    @property
    def gets(self) -> str:
        """The outcome in words, for the docs."""
        found = [f"`{self.error}`{f': “{self.words}”' if self.words else ''}"] if self.error else []
        found += [f"text `{self.text}`"] if self.text else []
        found += [f"reasoning `{self.reasoning}`"] if self.reasoning else []
        found += [f"`{name}({arguments})`" for name, arguments in self.calls or ()]
        found += [f"`{self.finish_reason}`"] if self.finish_reason else []
        if self.usage is not None:
            found.append(f"{self.usage.input_tokens} tokens in, {self.usage.output_tokens} out")
            if self.usage.reasoning_tokens is not None:
                found.append(f"{self.usage.reasoning_tokens} of them reasoning")
        return ", ".join(found) or "an empty answer"


def _servers() -> Any:
    path = ROOT / "core" / "tests" / "wire" / "test_openai_servers.py"
    spec = importlib.util.spec_from_file_location("openai_servers", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _encoded(*frames: Any) -> tuple[bytes, ...]:
    return tuple(
        one if isinstance(one, bytes) else b"data: %b\n\n" % json.dumps(one).encode() for one in frames
    )


def _inputs() -> Iterator[Input]:
    table = _servers()
    done, frame, closing = table.DONE, table.frame, table.closing
    for name, (sends, (reasoning, text, calls)) in table.WHOLE_MESSAGES.items():
        yield Input("whole messages", name, _encoded(*sends), True, text, reasoning, tuple(calls))
    for name, (sends, calls) in table.TOOL_CALLS.items():
        body = _encoded(*sends, frame("tool_calls"), done)
        yield Input("tool calls", name, body, calls=tuple(calls), finish_reason="tool_calls")
    for word in table.FAILURES:
        body = _encoded(frame(content="x"), frame(word), done)
        yield Input("finish reasons for a failure", word, body, text="x", error="ProviderError")
        whole = (json.dumps(closing(word, content="x")).encode(),)
        yield Input(
            "finish reasons for a failure",
            f"{word}, whole",
            whole,
            stream=False,
            text="x",
            error="ProviderError",
        )
    for name, sends in table.ODD_FRAMES.items():
        body = _encoded(*sends, frame(content="lo"), frame("stop"), done)
        yield Input("odd frames", name, body, text="Hello", finish_reason="stop")
    for name, message in table.REASONING.items():
        body = _encoded(frame(**message), frame(content="x"), frame("stop"), done)
        yield Input("reasoning", name, body, text="x", reasoning="hm")
        whole = (json.dumps(closing(**message)).encode(),)
        yield Input("reasoning", f"{name}, whole", whole, stream=False, text="", reasoning="hm")
    for name, (usage, expected) in table.USAGE.items():
        body = _encoded(frame("stop", content="x"), {"choices": [], "usage": usage}, done)
        yield Input("token counts", name, body, text="x", usage=expected or Usage())
        whole = (json.dumps(closing(content="x") | {"usage": usage}).encode(),)
        yield Input(
            "token counts", f"{name}, whole", whole, stream=False, text="x", usage=expected or Usage()
        )
    for one in errors.IN_MID_STREAM:
        yield Input(
            "errors in mid-stream",
            one.name,
            _encoded(*one.sends),
            text=one.text,
            error=one.kind.__name__,
            words=one.words,
        )


INPUTS = list(_inputs())
