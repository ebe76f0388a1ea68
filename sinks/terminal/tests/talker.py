"""A program with a terminal sink that runs commands from standard input, one per line.

A command is `[agent, verb, values...]`; the sink's options are the argument.
"""

from __future__ import annotations

import json
import sys

from modelstream.deltas import ReasoningDelta, ToolCallDelta
from modelstream.sinks.base import Message, Outcome
from modelstream.snapshot import FixedText, Snapshot
from modelstream_terminal import TerminalSink

sink = TerminalSink(**json.loads(sys.argv[1]))
messages: dict[str, Message] = {}
texts: dict[str, str] = {}


def run(agent: str, verb: str, *values: str) -> None:
    """Runs one command."""
    if agent not in messages:
        messages[agent] = Message(agent)
        texts[agent] = ""
        sink.open(messages[agent])
    message = messages[agent]
    if verb == "text":
        for delta in values:
            offset = len(texts[agent])
            texts[agent] += delta
            sink.write(message, Snapshot(delta, False, offset, FixedText(texts[agent])))
    elif verb == "reasoning":
        sink.write_delta(message, ReasoningDelta(values[0]))
    elif verb == "call":
        sink.write_delta(message, ToolCallDelta(0, "c1", *values))
    elif verb == "failed":
        sink.close(message, Outcome("failed", error=ConnectionError(values[0])))
    elif verb == "done":
        sink.close(message, Outcome("complete", "stop"))
        del messages[agent]
    else:
        raise ValueError(verb)


for line in sys.stdin:
    run(*json.loads(line))
sink.shutdown()
if sink.closed:
    print("no reader", file=sys.stderr)
