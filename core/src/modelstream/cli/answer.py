"""Shows an answer: on the terminal, or as lines of JSON."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import msgspec

from modelstream.errors import StreamCancelledError, StreamError
from modelstream.sinks.base import Message, StreamSink

if TYPE_CHECKING:
    from modelstream.response import ModelResponse
    from modelstream.snapshot import Snapshot


class _ClosedPipeSink(StreamSink):
    """Cancels a message when its only reader has closed the pipe: its output would be paid for in vain."""

    sink_type = "closed_pipe"
    delivery = "inline"

    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal

    def write(self, message: Message, snapshot: Snapshot) -> None:
        if self._terminal.closed:
            message.cancel()


def show_answer(response: ModelResponse, *, as_json: bool, reasoning: bool) -> None:
    """Show `response` while it streams. Raises its `StreamError` after the text before it was shown."""
    if as_json:
        _print_json(response)
    else:
        _show_on_terminal(response, reasoning=reasoning)


def _show_on_terminal(response: ModelResponse, *, reasoning: bool) -> None:
    from modelstream.plugins.registry import registry
    from modelstream.showing.show import show

    terminal: Any = registry().sink("terminal", {"names": False, "notes": False, "reasoning": reasoning})
    try:
        show(response, sinks=[terminal, _ClosedPipeSink(terminal)])
    except StreamCancelledError:
        if not terminal.closed:
            raise
    finally:
        terminal.shutdown()
    if response.finish_reason not in ("stop", "tool_calls", None):
        sys.stderr.write(f"[stopped: {response.finish_reason}]\n")


def _print_json(response: ModelResponse) -> None:
    error = None
    try:
        for snapshot in response.stream or ():
            if snapshot.delta:
                _line(delta=snapshot.delta, last=False)
    except StreamError as failure:
        error = failure
    _line(**_whole(response, error))
    if error is not None:
        raise error


def _whole(response: ModelResponse, error: StreamError | None) -> dict[str, Any]:
    usage = response.usage
    fields: dict[str, Any] = {
        "last": error is None,
        "text": response.partial_text,
        "finish_reason": response.finish_reason,
        "usage": None if usage is None else msgspec.structs.asdict(usage),
        "model_type": response.model_type,
        "model_name": response.model_name,
    }
    if response.reasoning:
        fields["reasoning"] = response.reasoning
    if response.tool_calls:
        fields["tool_calls"] = [msgspec.structs.asdict(call) for call in response.tool_calls]
    if error is not None:
        fields["error"] = {"type": type(error).__name__, "message": str(error)}
    return fields


def _line(**fields: Any) -> None:
    sys.stdout.write(json.dumps(fields, ensure_ascii=False) + "\n")
    sys.stdout.flush()
