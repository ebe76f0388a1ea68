"""The public helpers for third-party tests: functions that call a model, and fixtures."""

from __future__ import annotations

import asyncio

import pytest

from modelstream import Finish, ModelWrapper, ToolCallDelta, UsageDelta
from modelstream.deltas import Usage
from modelstream.errors import ProviderError, TruncatedStreamError
from modelstream.testing.calls import Reader, aread, arefused, read, refused
from modelstream.testing.server import json_line, sse_event

pytest_plugins = ["pytester"]

WAYS = [Reader("sync"), Reader("async")]


class Says(ModelWrapper):
    """Yields the items of a test."""

    model_type = "says"

    def __init__(self, *items):
        super().__init__()
        self.items = items

    def deltas(self, request):
        if request.raw_chunks is not None:
            request.raw_chunks.append(b"raw")
        for one in self.items:
            if isinstance(one, Exception):
                raise one
            yield one


@pytest.mark.parametrize("read", WAYS)
def test_everything_in_an_answer(read):
    items = ("Hel", "lo", ToolCallDelta(0, "c", "f", '{"x": 1}'), UsageDelta(3, 2), Finish("stop", "STOP"))
    got = read(Says(*items), "hi", raw=True)
    assert got.snapshots == [(False, "Hel"), (False, "Hello"), (True, "Hello")]
    assert (got.text, got.reasoning, got.calls, got.tool_calls[0].id) == ("Hello", "", [("f", {"x": 1})], "c")
    assert (got.finish_reason, got.raw_finish_reason, got.usage, got.raw) == (
        "stop",
        "STOP",
        Usage(3, 2),
        [b"raw"],
    )
    assert (got.error, got.refused) == (None, False)


@pytest.mark.parametrize("read", WAYS)
def test_an_answer_that_is_not_streamed_has_no_snapshots(read):
    got = read(Says("Hello", Finish("stop")), stream=False)
    assert (got.snapshots, got.text, got.error) == ([], "Hello", None)


@pytest.mark.parametrize("read", WAYS)
def test_items_before_an_error_are_kept(read):
    got = read(Says("Hel", UsageDelta(3, 2)))
    assert (got.snapshots, got.text, got.usage) == ([(False, "Hel")], "Hel", Usage(3, 2))
    assert (type(got.error), got.refused) == (TruncatedStreamError, False)


@pytest.mark.parametrize("read", WAYS)
def test_the_error_of_the_call_itself(read):
    model = Says(ProviderError("no", retryable=False))
    got = read(model)
    assert (type(got.error), got.refused, got.snapshots, got.text) == (ProviderError, True, [], "")
    assert (got.calls, got.finish_reason, got.raw_finish_reason, got.raw, got.usage) == (
        [],
        None,
        None,
        None,
        None,
    )
    assert str(read.refused(model)) == "says: no"


@pytest.mark.parametrize("read", WAYS)
def test_a_call_that_is_not_refused_fails_the_test(read):
    with pytest.raises(AssertionError, match="the answer is 'Hello'"):
        read.refused(Says("Hello", Finish("stop")))
    with pytest.raises(AssertionError, match="only reading it raised"):
        read.refused(Says("Hel", ProviderError("no")))


@pytest.mark.parametrize("read", WAYS)
def test_other_exceptions_are_raised(read):
    with pytest.raises(TypeError):
        read(Says("x"), 5)


def test_several_calls_share_an_event_loop():
    loops = set()

    class Looped(ModelWrapper):
        model_type = "looped"

        async def adeltas(self, request):
            loops.add(asyncio.get_running_loop())
            yield Finish("stop")

    assert [got.snapshots for got in Reader("async").each(Looped(), 3)] == [[(True, "")]] * 3
    assert len(loops) == 1


def test_the_functions_do_what_a_reader_does():
    model, broken = Says("Hello", Finish("stop")), Says(ProviderError("no", retryable=False))
    assert read(model).text == asyncio.run(aread(model)).text == "Hello"
    assert type(refused(broken)) is type(asyncio.run(arefused(broken))) is ProviderError


def test_frames():
    assert (sse_event({"text": "é"}), sse_event("[DONE]")) == (
        'data: {"text": "é"}\n\n'.encode(),
        b"data: [DONE]\n\n",
    )
    assert json_line({"text": "é"}) == '{"text": "é"}\n'.encode()


TESTS = """
import http.client
from modelstream import Finish, ModelWrapper
from modelstream.errors import ProviderError

class Here(ModelWrapper):
    model_type = "here"
    def deltas(self, request):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("POST", "/")
        body = connection.getresponse().read().decode()
        connection.close()
        if not body:
            raise ProviderError("nothing", retryable=False)
        yield body
        yield Finish("stop")

def test_read(server, read):
    model = Here(); model.port = server.port
    assert read(model).snapshots == [(False, "Hello"), (True, "Hello")]

def test_refused(server, refused):
    server.play(Answer())
    model = Here(); model.port = server.port
    assert str(refused(model)) == "here: nothing"
"""


def test_fixtures_of_a_third_party(pytester):
    pytester.makeconftest(
        "import pytest\n"
        "from modelstream.testing.server import Answer\n"
        'pytest_plugins = ["modelstream.testing.fixtures"]\n'
        "@pytest.fixture\n"
        'def answer(): return Answer([b"Hello"])\n'
    )
    pytester.makepyfile("from modelstream.testing.server import Answer\n" + TESTS)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=4)


def test_every_name_of_the_package_is_there():
    from modelstream import testing

    assert [name for name in testing.__all__ if getattr(testing, name).__name__ != name] == []
