"""`AgentBase.speak` and `aspeak`: everything that can be spoken, and what the sinks get."""

from __future__ import annotations

import asyncio

import pytest

import modelstream
from modelstream import (
    AgentBase,
    ConnectionLostError,
    Finish,
    ModelResponse,
    Msg,
    ReasoningDelta,
    StreamError,
    ToolCallDelta,
    TruncatedStreamError,
    UsageDelta,
)

HELLO = [(False, "Hel"), (False, "Hello"), (True, "Hello")]
RICH = (
    ReasoningDelta("hm"),
    "Hel",
    "lo",
    ToolCallDelta(0, "1", "search", "{}"),
    Finish("tool_calls"),
    UsageDelta(3, 2),
)


@pytest.fixture
def bob():
    return AgentBase("Bob")


def test_a_str(bob, sink):
    bob.speak("Hello")
    record = sink.only
    assert (record.name, record.role) == ("Bob", "assistant")
    assert record.pairs == [(False, "Hello"), (True, "Hello")]


def test_a_str_with_tool_calls(bob, sink):
    bob.speak("Hello", [{"type": "tool_use", "id": "1", "name": "search", "input": {"q": 1}}])
    assert sink.only.text == "Hello"
    assert sink.only.outcome.tool_calls[0].arguments == '{"q": 1}'


def test_tool_calls_alone(bob, sink):
    bob.speak(None, [{"type": "tool_use", "id": "1", "name": "search", "input": {}}])
    assert sink.only.pairs == [(True, "")]
    assert sink.only.outcome.finish_reason == "tool_calls"


def test_a_message_of_another_agent(bob, sink):
    msg = Msg("Ann", "Hi", "user")
    bob.speak(msg)
    assert (sink.only.name, sink.only.role, sink.only.message.id) == ("Ann", "user", msg.id)


def test_a_generator(bob, sink):
    bob.speak(pair for pair in HELLO)
    assert sink.only.pairs == HELLO
    assert len({snapshot.offset for snapshot in sink.only.snapshots}) == 3


@pytest.mark.parametrize("make", [list, tuple, iter])
def test_any_iterable_of_pairs(bob, sink, make):
    bob.speak(make(HELLO))
    assert sink.only.pairs == HELLO


def test_a_response_with_all_that_is_in_it(bob, sink, scripted):
    bob.speak(scripted(*RICH)()("Hi", stream=True))
    record = sink.only
    assert record.pairs == HELLO
    assert [type(delta).__name__ for delta in record.others] == [
        "ReasoningDelta",
        "ToolCallDelta",
        "UsageDelta",
    ]
    assert record.outcome.finish_reason == "tool_calls"
    assert record.outcome.usage.output_tokens == 2
    assert record.message.model_type == "scripted"


@pytest.mark.parametrize("stream", [True, False])
def test_the_idiom_of_agentscope(bob, sink, scripted, stream):
    response = scripted("Hello", Finish())()("Hi", stream=stream)
    bob.speak(response.stream or response.text)
    assert sink.only.pairs == [(False, "Hello"), (True, "Hello")]
    assert response.text == "Hello"


def test_a_response_that_does_not_stream(bob, sink, scripted):
    bob.speak(scripted(*RICH)()("Hi", stream=False))
    assert sink.only.text == "Hello"
    assert sink.only.outcome.usage.input_tokens == 3


def test_a_response_created_by_hand(bob, sink):
    bob.speak(ModelResponse(stream=iter(["Hel", "Hello"])))
    assert sink.only.pairs == HELLO


def test_nothing_is_only_logged(bob, sink, caplog):
    bob.speak(None)
    assert sink.records == []
    assert "Bob.speak(None) shows nothing" in caplog.text


@pytest.mark.parametrize("wrong", [3, object(), b"Hi", {"text": "Hi"}])
def test_what_cannot_be_spoken(bob, sink, wrong):
    with pytest.raises(TypeError, match=type(wrong).__name__):
        bob.speak(wrong)


def test_what_must_be_awaited(bob, sink):
    async def pairs():
        yield True, "Hi"

    with pytest.raises(TypeError, match=r"use `await agent\.aspeak"):
        bob.speak(pairs())


def test_a_stream_that_breaks(bob, sink, scripted):
    response = scripted("Hel", ConnectionLostError("gone"))()("Hi", stream=True)
    with pytest.raises(ConnectionLostError) as caught:
        bob.speak(response.stream)
    assert caught.value.partial_text == "Hel"
    assert sink.only.pairs == [(False, "Hel")]
    assert sink.only.outcome.state == "failed"
    assert sink.only.outcome.error is caught.value


def test_a_generator_that_raises(bob, sink):
    def pairs():
        yield False, "Hel"
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        bob.speak(pairs())
    assert sink.only.outcome.state == "failed"


def test_a_generator_that_ends_without_its_last(bob, sink):
    with pytest.raises(TruncatedStreamError) as caught:
        bob.speak(pair for pair in HELLO[:2])
    assert caught.value.partial_text == "Hello"
    assert sink.only.outcome.state == "failed"


def test_a_generator_with_one_pair(bob, sink):
    bob.speak(pair for pair in [(True, "Hello")])
    assert sink.only.pairs == [(False, "Hello"), (True, "Hello")]


def test_text_that_does_not_continue_is_shown_afresh(bob, sink):
    bob.speak(pair for pair in [(False, "abc"), (False, "xyz"), (True, "xyz!")])
    assert sink.only.pairs == [(False, "abc"), (False, "xyz"), (False, "xyz!"), (True, "xyz!")]
    assert sink.only.offsets == [0, 0, 3, 4]


def test_with_a_hook_too_an_end_without_last_is_truncated(bob, sink):
    bob.register_hook("pre_speak", "look", lambda *a: None)
    with pytest.raises(TruncatedStreamError):
        bob.speak(pair for pair in HELLO[:2])


def test_with_a_hook_a_response_that_does_not_stream(bob, sink, scripted):
    bob.register_hook("pre_speak", "shout", lambda self, msg, *a: Msg("x", msg.content.upper(), "user"))
    bob.speak(scripted(*RICH)()("Hi", stream=False))
    assert (sink.only.text, sink.only.name) == ("HELLO", "Bob")


def run(coroutine):
    return asyncio.run(coroutine)


async def apairs():
    for pair in HELLO:
        await asyncio.sleep(0)
        yield pair


@pytest.mark.parametrize("hooked", [False, True])
def test_aspeak_of_an_async_generator(bob, sink, hooked):
    if hooked:
        bob.register_hook("pre_speak", "look", lambda *a: None)
    run(bob.aspeak(apairs()))
    assert sink.only.pairs == HELLO


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("hooked", [False, True])
def test_aspeak_of_an_async_response(bob, sink, scripted, hooked, stream):
    if hooked:
        bob.register_hook("pre_speak", "look", lambda *a: None)
    model = scripted("Hello", Finish())()

    async def main():
        await bob.aspeak(await model.acall("Hi", stream=stream))

    run(main())
    assert sink.only.pairs[-1] == (True, "Hello")
    assert sink.only.name == "Bob"


@pytest.mark.parametrize("hooked", [False, True])
def test_aspeak_of_what_is_not_async(bob, sink, scripted, hooked):
    if hooked:
        bob.register_hook("pre_speak", "look", lambda *a: None)

    async def main():
        await bob.aspeak("Hello")
        await bob.aspeak(Msg("Bob", "Hello", "assistant"))
        await bob.aspeak(scripted("Hello", Finish())()("Hi", stream=True))
        await bob.aspeak(pair for pair in HELLO)
        await bob.aspeak(None)

    run(main())
    assert [record.pairs[-1] for record in sink.records] == [(True, "Hello")] * 4


def test_post_speak_after_aspeak(bob, sink):
    states = []
    bob.register_hook("post_speak", "look", lambda self: states.append(sink.only.outcome.state))
    run(bob.aspeak(apairs()))
    assert states == ["complete"]


def test_each_speak_is_a_separate_message(bob, sink):
    bob.speak("one")
    bob.speak(iter(HELLO))
    assert len({record.message.id for record in sink.records}) == 2


def test_a_failing_sink_does_not_affect_the_agent(bob, sink, caplog):
    class Broken(modelstream.StreamSink):
        delivery = "inline"

        def write(self, message, snapshot):
            raise RuntimeError("sink trouble")

    modelstream.init(sinks=[Broken(), sink])
    bob.speak(iter(HELLO))
    assert sink.only.pairs == HELLO
    assert "sink trouble" in caplog.text


def test_a_base_agent_has_no_reply():
    class Silent(AgentBase):
        pass

    with pytest.raises(NotImplementedError, match=r"Silent has no reply\(x\) method"):
        Silent("Bob")("Hi")


def test_the_audience_observes_what_is_spoken():
    class Parrot(AgentBase):
        def reply(self, x=None):
            return x

    bob, ann, cleo = Parrot("Bob"), Parrot("Ann"), Parrot("Cleo", use_memory=False)
    bob.reset_audience([bob, ann, cleo])
    msg = Msg("x", "Hi", "user")
    assert bob(msg) is msg
    assert ann.memory.get_memory() == [msg]
    assert bob.memory.size() == 0
    bob.rm_audience(ann)
    bob(Msg("x", "Ho", "user"))
    assert ann.memory.size() == 1
    bob.clear_audience()
    bob(Msg("x", "Ho", "user"))


def test_an_agent_accepts_a_model_in_three_ways(scripted):
    wrapper = scripted("Hi", Finish())
    config = {"config_name": "c", "model_type": "scripted"}
    modelstream.init(model_configs=config, sinks=[])
    assert AgentBase("Bob", model_config_name="c").model.config.config_name == "c"
    assert AgentBase("Bob", model_config_name=config).model("x").text == "Hi"
    model = wrapper()
    assert AgentBase("Bob", model_config_name=model).model is model
    assert AgentBase("Bob").model is None
    with pytest.raises(modelstream.UnknownConfigError):
        AgentBase("Bob", model_config_name="nope")


def test_to_dist_has_no_effect(caplog):
    AgentBase("Bob", to_dist=True)
    assert "to_dist has no effect" in caplog.text


def test_stream_errors_are_what_agents_raise(bob, sink, scripted):
    with pytest.raises(StreamError):
        bob.speak(scripted(ValueError("wrapper bug"))()("Hi", stream=True))
