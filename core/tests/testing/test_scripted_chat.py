"""The scripted model, as authors of applications use it."""

import asyncio
import json
import threading
import time

import pytest

import modelstream
from modelstream import (
    ConfigError,
    ConnectionLostError,
    Finish,
    RateLimitError,
    ReasoningDelta,
    StreamTimeoutError,
    ToolCall,
    TruncatedStreamError,
    UsageDelta,
)
from modelstream.testing import ScriptedChat, scripted


def test_an_answer_in_deltas():
    snapshots = list(scripted("Hello ", "world")("Hi", stream=True).stream)
    assert snapshots == [(False, "Hello "), (False, "Hello world"), (True, "Hello world")]


def test_async_too():
    async def ask():
        response = await scripted("Hello ", 0.001, "world").acall("Hi", stream=True)
        return [snapshot async for snapshot in response.stream]

    assert asyncio.run(ask())[-1] == (True, "Hello world")


def test_the_same_answer_to_every_call_and_the_calls_are_on_record():
    model = scripted("Hello")
    assert [model("one").text, model("two", temperature=0.5).text] == ["Hello", "Hello"]
    assert [request.messages[0]["content"] for request in model.requests] == ["one", "two"]
    assert model.requests[1].arguments == {"temperature": 0.5}


def test_one_answer_after_the_other():
    model = ScriptedChat(answers=["first", ["sec", "ond"]])
    assert [model("").text for _ in range(3)] == ["first", "second", "second"]
    model.will_answer(["third"])
    assert model("").text == "third"


def test_everything_besides_text():
    response = scripted(
        ReasoningDelta("hm"), "Hi", ToolCall("c1", "look_up", '{"n": 1}'), UsageDelta(output_tokens=3)
    )("Hi")
    assert (response.text, response.reasoning) == ("Hi", "hm")
    assert response.tool_calls == [ToolCall("c1", "look_up", '{"n": 1}')]
    assert (response.usage.output_tokens, response.finish_reason) == (3, "tool_calls")
    assert scripted("a", Finish("length"))("").finish_reason == "length"


def test_several_tool_calls():
    calls = [ToolCall("a", "f", "{}"), ToolCall("b", "g", '{"n": 1}')]
    assert scripted(*calls)("").tool_calls == calls
    answer = [{"tool_call": {"name": "f"}}, {"tool_call": {"name": "g"}}]
    assert [call.name for call in ScriptedChat(answers=[answer])("").tool_calls] == ["f", "g"]


def test_an_answer_from_a_config():
    steps = [
        "Hi",
        {"reasoning": "hm"},
        {"tool_call": {"name": "look_up", "arguments": {"n": 1}}},
        {"usage": {"output_tokens": 3}},
        {"finish": "length"},
    ]
    config = json.loads(json.dumps({"model_type": "scripted_chat", "answers": [steps, [{"text": "b"}]]}))
    model = modelstream.load_model(config)
    response = model("")
    assert (response.text, response.reasoning, response.finish_reason) == ("Hi", "hm", "length")
    assert [(call.name, json.loads(call.arguments)) for call in response.tool_calls] == [
        ("look_up", {"n": 1})
    ]
    assert response.usage.output_tokens == 3
    assert model("").text == "b"


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (RateLimitError("slow down", retry_after=3), RateLimitError),
        (TruncatedStreamError("cut"), TruncatedStreamError),
        (StreamTimeoutError("late", clock="idle"), StreamTimeoutError),
        ({"error": "ConnectionLostError", "message": "gone"}, ConnectionLostError),
        ({"error": "StreamTimeoutError"}, StreamTimeoutError),
    ],
)
def test_errors_in_the_middle_each_time_anew(step, kind):
    model = ScriptedChat(answers=[["Hel", step]])
    errors = []
    for _ in range(2):
        response = model("", stream=True)
        with pytest.raises(kind) as caught:
            _ = response.text
        assert caught.value.partial_text == "Hel"
        errors.append(caught.value)
    assert errors[0] is not errors[1]
    assert str(errors[0]) == str(errors[1])
    assert vars(errors[0]).keys() == vars(errors[1]).keys()


def test_other_exceptions_become_stream_errors():
    with pytest.raises(modelstream.StreamError, match="boom"):
        scripted(ValueError("boom"))("")


def test_errors_are_retried_only_if_the_config_says_so():
    error = RateLimitError("slow down", retry_after=0)
    with pytest.raises(RateLimitError):
        scripted(error)("")
    model = ScriptedChat(max_retries=1)
    model.will_answer([error], ["at last"])
    assert model("").text == "at last"
    assert len(model.requests) == 2


def test_a_pause_ends_when_the_call_does():
    response = scripted("Hel", 60, "lo")("", stream=True)
    reader = response.stream
    next(reader)
    threading.Timer(0.05, response.cancel).start()
    began = time.monotonic()
    with pytest.raises(modelstream.StreamCancelledError):
        next(reader)
    assert time.monotonic() - began < 5


def test_timeouts_apply():
    with pytest.raises(StreamTimeoutError) as caught:
        _ = scripted("Hel", 60, "lo", idle_timeout=0.05)("", stream=True).text
    assert caught.value.clock == "idle"


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ([object()], "is not a step of an answer"),
        ([True], "is not a step of an answer"),
        ([{"test": "Hi"}], "dict with one of: text, reasoning"),
        ([{"error": "Nope"}], "is not a StreamError; known are: AuthenticationError"),
    ],
)
def test_invalid_answers(answer, complaint):
    with pytest.raises(ConfigError, match=complaint):
        ScriptedChat(answers=[answer])


def test_no_answer_at_all():
    with pytest.raises(ConfigError, match=r"scripted\('Hello ', 'world'\)"):
        ScriptedChat()("Hi")
    with pytest.raises(ConfigError, match=r"scripted\('Hello ', 'world'\)"):
        asyncio.run(ScriptedChat().acall("Hi"))
