"""The plugin as it is installed: found by its entry point, around models that know nothing of it."""

from __future__ import annotations

import asyncio

import pytest

import modelstream
from modelstream import Finish, ModelWrapper, ReasoningDelta, StreamCancelledError, ToolCallDelta, UsageDelta
from modelstream_caching import plugin
from modelstream_caching.answers import Answers


class Counting(ModelWrapper):
    """Counts its calls; what it yields has the number of the call in it."""

    model_type = "counting"
    calls = 0

    def answer(self):
        type(self).calls += 1
        yield ReasoningDelta("hm")
        yield [f"call {self.calls} ", "has "]
        yield "text"
        yield ToolCallDelta(0, "1", "look_up", "{}")
        yield UsageDelta(input_tokens=3, output_tokens=4)
        yield Finish("tool_calls")

    def deltas(self, request):
        yield from self.answer()


class CountingAsync(Counting):
    model_type = "counting_async"
    deltas = ModelWrapper.deltas

    async def adeltas(self, request):
        for item in self.answer():
            if self.config.model_name == "slow" and isinstance(item, Finish) and self.calls == 1:
                await asyncio.sleep(30)
            if request.hand_on is None:
                yield item
            else:
                request.hand_on(item)
                yield None


class Cut(Counting):
    model_type = "cut"

    def deltas(self, request):
        type(self).calls += 1
        yield f"call {self.calls}"


@pytest.fixture(autouse=True, params=[Counting, CountingAsync])
def counting(request):
    """A model that counts its calls, sync or async."""
    plugin.answers.clear()
    request.param.calls = 0
    modelstream.register(request.param)
    yield request.param
    modelstream.unregister(request.param)


@pytest.fixture
def model(counting):
    return modelstream.load_model(counting.model_type)


def everything(response):
    text = response.text
    return text, response.reasoning, response.tool_calls, response.usage, response.finish_reason


def test_an_equal_request_is_answered_from_memory(counting, model):
    first, second = (everything(model("Hi", stream=True)) for _ in "ab")

    assert first[0] == "call 1 has text"
    assert second == first
    assert counting.calls == 1


def test_it_is_streamed_as_it_was_recorded(model):
    first, second = ([text for _, text in model("Hi", stream=True).stream] for _ in "ab")

    assert first == ["call 1 ", "call 1 has ", "call 1 has text", "call 1 has text"]
    assert second == first


def test_streamed_or_not_sync_or_async_is_one_answer(counting, model):
    async def ask(stream):
        return await (await model.acall("Hi", stream=stream)).get_text()

    texts = [
        model("Hi").text,
        model("Hi", stream=True).text,
        *(asyncio.run(ask(flag)) for flag in (True, False)),
    ]

    assert texts == ["call 1 has text"] * 4
    assert counting.calls == 1


def test_recorded_from_a_coroutine_it_is_whole(counting, model):
    async def ask():
        response = await model.acall("Hi", stream=True)
        return await response.get_text()

    assert asyncio.run(ask()) == asyncio.run(ask()) == "call 1 has text"
    assert counting.calls == 1


def test_another_wrapper_of_the_same_config_shares_it_and_one_of_another_does_not(counting, model):
    config = {"model_type": counting.model_type}
    model("Hi").text  # noqa: B018 - reads the answer

    assert (
        modelstream.load_model({**config, "config_name": "again", "stream": True})("Hi").text
        == "call 1 has text"
    )
    assert modelstream.load_model({**config, "model_name": "large"})("Hi").text == "call 2 has text"


@pytest.mark.parametrize(
    ("messages", "arguments"),
    [("Ho", {}), ("Hi", {"temperature": 1}), ("Hi", {"raw": True}), ("Hi", {"tools": [print]})],
)
def test_another_request_goes_to_the_model(counting, model, messages, arguments):
    assert model("Hi").text == "call 1 has text"

    for call in (2, 3) if {"raw", "tools"} & set(arguments) else (2, 2):
        assert model(messages, **arguments).text == f"call {call} has text"


def test_an_answer_that_is_not_complete_is_not_kept():
    Cut.calls = 0
    modelstream.register(Cut)
    try:
        model = modelstream.load_model("cut")
        for call in (1, 2):
            response = model("Hi", stream=True)
            with pytest.raises(modelstream.TruncatedStreamError):
                response.text  # noqa: B018 - reads the answer
            assert response.partial_text == f"call {call}"
    finally:
        modelstream.unregister(Cut)


def test_an_answer_that_was_cancelled_is_not_kept(counting):
    model = modelstream.load_model({"model_type": counting.model_type, "model_name": "slow"})
    response = model("Hi", stream=True)
    next(response.stream)
    response.close()
    with pytest.raises(StreamCancelledError):
        response.text  # noqa: B018 - reads the answer

    assert model("Hi").text == "call 2 has text"


def test_the_oldest_is_forgotten():
    answers = Answers(limit=2)
    for key in "abc":
        answers.put(key, [key, Finish("stop")])
        answers.get("a")

    assert [answers.get(key) is not None for key in "abc"] == [True, False, True]
