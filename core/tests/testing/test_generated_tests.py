"""How laws become tests: none is lost silently, and a broken one reports what its author needs."""

import contextlib
import subprocess
import sys

import pytest
from hypothesis.internal.reflection import function_digest

from modelstream import Finish, ModelWrapper, StreamError
from modelstream.testing import (
    LawBrokenError,
    OpenAIWire,
    SinkConformance,
    SseWire,
    WrapperConformance,
)
from modelstream.testing._kit.laws import LAWS
from modelstream.testing._kit.sink_laws import LAWS as SINK_LAWS


class Engine:
    start = None


class InProcess(ModelWrapper):
    """Yields the deltas of the engine."""

    model_type = "in_process"

    def deltas(self, request):
        deltas = Engine.start()
        request.on_cancel(deltas.close)
        yield from deltas


class InProcessLaws(WrapperConformance):
    @contextlib.contextmanager
    def engine(self, start):
        Engine.start = staticmethod(start)
        yield

    def make(self, **fields):
        return InProcess(**fields)


class OneLate(InProcess):
    def deltas(self, request):
        held = None
        for delta in Engine.start():
            if delta is not None:
                if held is not None:
                    yield held
                held = delta
        yield held


class OneLateLaws(InProcessLaws):
    def make(self, **fields):
        return OneLate(**fields)


class Talkative(InProcess):
    def deltas(self, request):
        for delta in Engine.start():
            if isinstance(delta, Finish):
                yield " Anything else?"
            yield delta


class TalkativeLaws(InProcessLaws):
    def make(self, **fields):
        return Talkative(**fields)


class Moody(InProcess):
    calls = 0

    def deltas(self, request):
        Moody.calls += 1
        if Moody.calls == 3:
            yield "Now this: "
        yield from super().deltas(request)


class MoodyLaws(InProcessLaws):
    def make(self, **fields):
        return Moody(**fields)


@pytest.fixture(autouse=True)
def _taken_down():
    yield
    for laws in (InProcessLaws, OneLateLaws, TalkativeLaws, MoodyLaws):
        laws.teardown_class()


def laws_of(cls):
    return {name.removeprefix("test_") for name in dir(cls) if hasattr(getattr(cls, name), "law")}


def test_a_class_without_wire_and_engine_is_a_base():
    class Base(WrapperConformance):
        model_type = "my_chat"

    assert not laws_of(Base)


def test_a_law_that_the_format_cannot_break_is_omitted():
    class Minimal(SseWire):
        def text(self, text):
            return {"text": text}

        def end(self, finish, usage):
            return ["end"]

        def whole(self, script):
            return script.text

        def refusal(self, status, code, message):
            return message

    class Small(WrapperConformance):
        wire = Minimal()

    class Large(WrapperConformance):
        wire = OpenAIWire()

    assert laws_of(Large) - laws_of(Small) == {
        "reasoning_separate",
        "tool_calls_survive",
        "finish_reason_of_tool_calls",
        "usage_is_replaced",
        "usage_after_failure",
        "nothing_after_the_end",
        "early_finish",
        "early_finish_no_last",
        "end_at_terminal",
        "error_after_the_finish",
        "error_frame",
    }
    assert laws_of(Large) == {name for name, law in LAWS.items() if law.where != "engine"}
    assert "engine_error" in laws_of(InProcessLaws)
    assert "web_page" not in laws_of(InProcessLaws)


def test_each_class_has_its_own_functions():
    assert InProcessLaws.test_monotone is not OneLateLaws.test_monotone
    assert InProcessLaws.test_monotone.__doc__ == LAWS["monotone"].sentence
    assert OneLateLaws.test_monotone.__qualname__.endswith("OneLateLaws.test_monotone")


def test_hypothesis_keeps_the_examples_of_each_class_apart():
    keys = {function_digest(laws.test_one_last.hypothesis.inner_test) for laws in (MoodyLaws, TalkativeLaws)}
    assert len(keys) == 2


def test_a_law_that_is_overridden_is_an_error():
    with pytest.raises(TypeError, match="overrides test_no_lag: add a law"):

        class Sly(InProcessLaws):
            def test_no_lag(self):
                pass

    with pytest.raises(TypeError, match="overrides test_odd_text: add a law"):

        class SlySink(SinkConformance):
            test_odd_text = None


def test_a_law_that_is_removed_is_an_error():
    class Sly(InProcessLaws):
        pass

    Sly().test_no_law_is_overridden()
    Sly.test_no_lag = lambda self: None
    with pytest.raises(pytest.fail.Exception, match=r"Sly\.test_no_lag was replaced"):
        Sly().test_no_law_is_overridden()


@pytest.mark.parametrize(
    ("skip", "complaint"),
    [
        ({"no_lagg": "it is slow"}, "names 'no_lagg', which is not a law; the laws are: .*no_lag"),
        ({"no_lag": ""}, "has no reason for 'no_lag'"),
    ],
)
def test_skip_names_laws_and_reasons(skip, complaint):
    with pytest.raises(TypeError, match=complaint):
        type("Wrong", (InProcessLaws,), {"skip": skip})


def test_a_skipped_law_is_skipped_with_its_reason():
    class Skips(InProcessLaws):
        skip = {"no_lag": "the engine writes whole sentences"}  # noqa: RUF012

    (mark,) = [mark for mark in Skips.test_no_lag.pytestmark if mark.name == "skip"]
    assert mark.kwargs == {"reason": "the engine writes whole sentences"}
    Skips().test_no_law_is_overridden()


def test_a_good_wrapper_keeps_a_law():
    InProcessLaws().test_no_lag(way="sync")
    InProcessLaws().test_no_lag(way="async")


def test_a_broken_law_reports_its_name_its_sentence_and_the_observation():
    with pytest.raises(LawBrokenError) as caught:
        OneLateLaws().test_no_lag(way="async")
    assert str(caught.value).splitlines()[:3] == [
        "the law `no_lag` is broken (async):",
        "  Every delta is delivered before the provider sends its next frame.",
        "what happened: TextDelta(text='Hel') (number 0) was not read before the next frame was sent",
    ]


def test_a_broken_law_shows_the_shortest_script():
    with pytest.raises(LawBrokenError) as caught:
        TalkativeLaws().test_one_last(way="sync")
    report = str(caught.value)
    assert "the text: expected '', found ' Anything else?'" in report
    assert "script: Script([], Finish(reason='stop', raw=None), None)" in report


def test_a_law_that_is_broken_now_and_then_is_reported_like_any_other():
    with pytest.raises(LawBrokenError) as caught:
        MoodyLaws().test_one_last(way="sync")
    report = str(caught.value)
    assert report.startswith("the law `one_last` is broken (sync):")
    assert "found 'Now this: " in report
    assert report.endswith("it depends on timing, or on the bytes that one read returns.)")


def test_only_the_wrappers_own_errors_are_chained():
    class Failing(InProcess):
        def deltas(self, request):
            raise ZeroDivisionError

    class FailingLaws(InProcessLaws):
        def make(self, **fields):
            return Failing(**fields)

    for laws, cause in ((OneLateLaws, None), (FailingLaws, StreamError)):
        with pytest.raises(LawBrokenError) as caught:
            laws().test_no_lag(way="sync")
        assert type(caught.value.__cause__) is (cause or type(None))
        assert caught.value.__suppress_context__
        laws.teardown_class()


def test_every_law_has_a_sentence():
    for law in [*LAWS.values(), *SINK_LAWS.values()]:
        assert law.sentence[0].isupper() or law.sentence[0] == "`"
        assert law.sentence.endswith(".")


THIRD_PARTY = """
from modelstream import Finish, ModelWrapper, StreamSink
from modelstream.testing import SinkConformance, SseWire, WrapperConformance


class Quiet(StreamSink):
    def write(self, message, snapshot):
        pass


class TestQuiet(SinkConformance):
    def make(self):
        return Quiet()


class Fragile(Quiet):
    def close(self, message, outcome):
        outcome.finish_reason.upper()


class TestFragile(SinkConformance):
    def make(self):
        return Fragile()
"""


def test_a_third_party_needs_only_pytest(tmp_path):
    tests = tmp_path / "test_third_party.py"
    tests.write_text(THIRD_PARTY)
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", str(tests)]
    done = subprocess.run(
        [*command, "-k", "accepts_everything or every_end or other_sinks_unaffected or overridden"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 failed, 8 passed" in done.stdout, done.stdout + done.stderr
    assert "the law `accepts_everything` is broken (alone):" in done.stdout
    assert "  close(Message('A1', id='message-A1-" in done.stdout
