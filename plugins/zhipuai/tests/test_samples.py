"""The dialect's samples, as the provider sends them, over a real socket and either transport."""

from __future__ import annotations

import pytest

from modelstream import errors
from modelstream.deltas import Finish, ReasoningDelta, ToolCallDelta, UsageDelta
from modelstream.errors import TruncatedStreamError
from modelstream.testing.server import Answer
from modelstream_zhipuai import ZhipuAIDialect

SAMPLES = [sample for sample in ZhipuAIDialect().samples() if sample.error is None]
STREAMED = [sample for sample in SAMPLES if sample.stream]
FAILED = [sample for sample in ZhipuAIDialect().samples() if sample.error]


def of(sample, kind):
    return [delta for delta in sample.deltas if isinstance(delta, kind)]


def text_of(sample):
    return "".join(of(sample, str))


def agrees(got, sample):
    (finish,), (usage,) = of(sample, Finish), of(sample, UsageDelta)
    assert got.error is None
    assert got.text == text_of(sample)
    assert got.reasoning == "".join(delta.text for delta in of(sample, ReasoningDelta))
    assert (got.finish_reason, got.raw_finish_reason) == (finish.reason, finish.raw)
    assert [(call.id, call.name, call.arguments) for call in got.tool_calls] == [
        (call.id, call.name, call.arguments) for call in of(sample, ToolCallDelta)
    ]
    counts = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens")
    assert [getattr(got.usage, name) for name in counts] == [getattr(usage, name) for name in counts]


def events_of(sample):
    return [event + b"\n\n" for event in sample.body.rstrip().split(b"\n\n")]


def finish_of(events):
    """The index of the event with the end marker."""
    return next(at for at, event in enumerate(events) if b'"finish_reason":"' in event)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("size", [10_000, 7, 1])
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


def test_failures(server, model_of, read):
    server.play(*(Answer(events_of(sample)) for sample in FAILED))
    for got, sample in zip(read.each(model_of(), len(FAILED)), FAILED, strict=True):
        assert type(got.error) is getattr(errors, sample.error)
        assert got.error.partial_text == text_of(sample)


def test_cut_after_every_event_before_the_end(server, model_of, read):
    for sample in STREAMED:
        events = events_of(sample)
        counts = range(finish_of(events) + 1)
        server.play(*(Answer([b"".join(events[:count])]) for count in counts))
        answers = read.each(model_of(), len(counts))
        assert {type(got.error) for got in answers} == {TruncatedStreamError}
        assert not any(snapshot.last for got in answers for snapshot in got.snapshots)
        # All events but the last ones are there.
        assert answers[-1].error.partial_text == text_of(sample)


def test_cut_after_the_finish_is_complete(server, model_of, read):
    cut = [events_of(sample) for sample in STREAMED]
    server.play(*(Answer(events[: finish_of(events) + 1]) for events in cut))
    for got, sample in zip(read.each(model_of(), len(STREAMED)), STREAMED, strict=True):
        assert (got.error, got.snapshots[-1]) == (None, (True, text_of(sample)))


def test_cut_at_every_byte(server, model_of, read):
    sample = min(STREAMED, key=lambda one: len(one.body))
    events = events_of(sample)
    # An event is whole without the two line ends after it.
    size = len(b"".join(events[: finish_of(events) + 1])) - 2
    server.play(*(Answer([sample.body[:end]]) for end in range(size)))
    for got in read.each(model_of(), size):
        assert type(got.error) is TruncatedStreamError
        assert not any(snapshot.last for snapshot in got.snapshots)
        assert text_of(sample).startswith(got.error.partial_text)
