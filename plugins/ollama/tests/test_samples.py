"""The dialect's samples, as the server sends them, over a real socket and either transport."""

from __future__ import annotations

import pytest

from modelstream.deltas import Finish, ReasoningDelta, ToolCallDelta, UsageDelta
from modelstream.errors import TruncatedStreamError
from modelstream.testing.server import Answer
from modelstream_ollama import OllamaDialect

SAMPLES = [sample for sample in OllamaDialect().samples() if sample.error is None]
STREAMED = [sample for sample in SAMPLES if sample.stream]


def of(sample, kind):
    return [delta for delta in sample.deltas if isinstance(delta, kind)]


def agrees(got, sample):
    (finish,), usages = of(sample, Finish), of(sample, UsageDelta)
    assert got.error is None
    assert got.text == "".join(of(sample, str))
    assert got.reasoning == "".join(delta.text for delta in of(sample, ReasoningDelta))
    assert (got.finish_reason, got.raw_finish_reason) == (finish.reason, finish.raw)
    assert [(call.name, call.arguments) for call in got.tool_calls] == [
        (call.name, call.arguments) for call in of(sample, ToolCallDelta)
    ]
    counts = (got.usage.input_tokens, got.usage.output_tokens) if got.usage else None
    assert counts == ((usages[-1].input_tokens, usages[-1].output_tokens) if usages else None)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("size", [10_000, 7])
def test_streamed(*, server, model_of, read, size, line_end):
    bodies = [sample.body.replace(b"\n", line_end) for sample in STREAMED]
    pieces = [[body[at : at + size] for at in range(0, len(body), size)] for body in bodies]
    server.play(*map(Answer, pieces))
    for got, sample in zip(read.each(model_of(), len(STREAMED)), STREAMED, strict=True):
        agrees(got, sample)


def test_whole(server, model_of):
    for sample in (one for one in SAMPLES if not one.stream):
        server.play(Answer([sample.body], headers={"Content-Type": "application/json"}))
        agrees(model_of()("hi", stream=False), sample)


def test_cut_after_every_line(server, model_of, read):
    for sample in STREAMED:
        lines = sample.body.splitlines(keepends=True)
        server.play(*(Answer([b"".join(lines[:count])]) for count in range(len(lines))))
        answers = read.each(model_of(), len(lines))
        assert {type(got.error) for got in answers} == {TruncatedStreamError}
        assert not any(snapshot.last for got in answers for snapshot in got.snapshots)
        # All lines but the last are there.
        assert answers[-1].error.partial_text == "".join(of(sample, str))
