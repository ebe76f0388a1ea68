"""Each law of dialects fails for a dialect that breaks it."""

import pytest

from modelstream.deltas import Finish
from modelstream.errors import BadRequestError, ProviderError
from modelstream.testing import DialectConformance, LawBrokenError
from modelstream.testing._kit.dialect_laws import LAWS
from modelstream.wire import (
    SSE,
    ChatRequest,
    Framing,
    OpenAIDialect,
    OpenAIFrames,
    Sample,
    SseFramer,
    WrittenRequest,
)


class Good(OpenAIDialect):
    pass


class ReadBy(OpenAIDialect):
    """A dialect with its own reader."""

    frames: type[OpenAIFrames]

    def reader(self):
        return self.frames()


class Doubles(OpenAIFrames):
    def read(self, frame, items):
        fresh = []
        super().read(frame, fresh)
        items += [*fresh, *fresh]


class EmptyWhole(OpenAIFrames):
    def read_whole(self, body, items):
        items.append(Finish("stop", "stop"))


class EndsAtDone(OpenAIFrames):
    def read(self, frame, items):
        super().read(frame, items)
        if self.done and not any(isinstance(one, Finish) for one in items):
            items.append(Finish("stop", "stop"))


class EndsAtOnce(OpenAIFrames):
    def read(self, frame, items):
        if not self.done and not any(isinstance(one, Finish) for one in items):
            items.append(Finish("stop", "stop"))


class SkipsBroken(OpenAIFrames):
    def read(self, frame, items):
        if b"[no, ]" not in frame:
            super().read(frame, items)


class HidesErrors(OpenAIFrames):
    def read(self, frame, items):
        try:
            super().read(frame, items)
        except ProviderError:
            raise ProviderError("something went wrong") from None


class ReadsTwice(ReadBy):
    frames = Doubles


class LosesTheWhole(ReadBy):
    frames = EmptyWhole


class BelievesDone(ReadBy):
    frames = EndsAtDone


class EndsFirst(ReadBy):
    frames = EndsAtOnce


class SkipsMalformed(ReadBy):
    frames = SkipsBroken


class LosesMessages(ReadBy):
    frames = HidesErrors


class WholeReadsOnly:
    """A framer that takes each read for whole events."""

    def feed(self, data):
        return SseFramer().feed(data)

    def finish(self):
        return []


class CutsAtReads(OpenAIDialect):
    framing = Framing(SSE.content_type, WholeReadsOnly, SSE.write)


class OneWord(OpenAIDialect):
    def end(self, finish, usage):
        return super().end(Finish("stop", "stop"), usage)


class WrongMarker(OpenAIDialect):
    end_marker = -1


class WrongSample(OpenAIDialect):
    def samples(self):
        sample = super().samples()[0]
        return [Sample(sample.name, sample.body, ("something else",), sample.stream)]


class NoSamples(OpenAIDialect):
    def samples(self):
        return []


class AllAreProviderErrors(OpenAIDialect):
    def read_refusal(self, status, body, headers):
        return ProviderError(body.decode(), status=status)


class DropsArguments(OpenAIDialect):
    def read_request(self, path, body, headers=()):
        got = super().read_request(path, body)
        return ChatRequest(got.model, got.messages, {}, stream=got.stream)


class OffTheRoute(OpenAIDialect):
    def write_request(self, request):
        return WrittenRequest("/completions", super().write_request(request).body)


class TakesAnything(OpenAIDialect):
    def read_request(self, path, body, headers=()):
        try:
            return super().read_request(path, body)
        except BadRequestError:
            return ChatRequest("some-model", [])


BROKEN = [
    (ReadsTwice, "reads_what_it_writes", "streamed"),
    (CutsAtReads, "every_split", "streamed"),
    (LosesTheWhole, "reads_the_whole_it_writes", "whole"),
    (OneWord, "every_finish_reason", "streamed"),
    (EndsFirst, "no_end_before_its_marker", "streamed"),
    (WrongMarker, "no_end_before_its_marker", "streamed"),
    (BelievesDone, "false_ends", "streamed"),
    (WrongSample, "samples", "streamed"),
    (NoSamples, "samples", "whole"),
    (LosesMessages, "errors_in_the_answer", "streamed"),
    (SkipsMalformed, "malformed_frames", "streamed"),
    (AllAreProviderErrors, "refusals", "whole"),
    (DropsArguments, "requests_are_read_back", "request"),
    (OffTheRoute, "requests_are_read_back", "request"),
    (TakesAnything, "bad_requests", "request"),
]


def checked(dialect, law, way):
    """The law's own test, as pytest runs it for a class with this dialect."""
    suite = type(f"Test{dialect.__name__}", (DialectConformance,), {"dialect": dialect()})
    getattr(suite(), f"test_{law}")(way=way)


@pytest.mark.parametrize(("dialect", "law", "way"), BROKEN)
def test_a_broken_dialect_is_noticed(dialect, law, way):
    with pytest.raises(LawBrokenError, match=f"the law `{law}` is broken"):
        checked(dialect, law, way)


@pytest.mark.parametrize("law", LAWS.values(), ids=lambda law: law.name)
def test_a_good_dialect_is_not_blamed(law):
    for way in law.ways:
        checked(Good, law.name, way)


def test_each_law_has_a_dialect_that_breaks_it():
    assert {law for _, law, _ in BROKEN} == set(LAWS)


def test_laws_about_requests_need_both_halves():
    class WritesOnly(OpenAIDialect):
        pass

    WritesOnly.read_request = OpenAIDialect.__mro__[1].read_request

    class Suite(DialectConformance):
        dialect = WritesOnly()

    assert not hasattr(Suite, "test_requests_are_read_back")
    assert not hasattr(Suite, "test_bad_requests")


def test_a_class_without_a_dialect_has_no_laws():
    class Base(DialectConformance):
        pass

    assert [name for name in dir(Base) if name.startswith("test_")] == ["test_no_law_is_overridden"]


def test_a_law_can_be_skipped():
    class Suite(DialectConformance):
        dialect = Good()
        skip = {"samples": "they are on their way"}  # noqa: RUF012

    marks = Suite.test_samples.pytestmark
    assert ("skip", {"reason": "they are on their way"}) in [(mark.name, mark.kwargs) for mark in marks]
