"""`DialogAgent`."""

from __future__ import annotations

import threading

import pytest

import modelstream
from modelstream import ConnectionLostError, DialogAgent, Finish, Msg, ReasoningDelta, UsageDelta


@pytest.fixture
def model(scripted):
    wrapper = scripted(ReasoningDelta("hm"), "Hel", "lo", Finish(), UsageDelta(1, 2))
    modelstream.models.load_configs({"config_name": "m", "model_type": "scripted", "stream": True})
    return wrapper


def test_it_answers_shows_and_remembers(sink, model):
    agent = DialogAgent("Bob", "Be kind.", "m")
    question = Msg("User", "Hi", "user")
    answer = agent(question)

    assert (answer.name, answer.role, answer.content) == ("Bob", "assistant", "Hello")
    assert agent.memory.get_memory() == [question, answer]
    assert sink.only.pairs == [(False, "Hel"), (False, "Hello"), (True, "Hello")]
    assert [type(delta) for delta in sink.only.others] == [ReasoningDelta, UsageDelta]
    assert model.requests[0].messages == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
    ]


def test_the_conversation_goes_on(sink, model):
    agent = DialogAgent("Bob", "", "m")
    for text in ("one", "two"):
        agent(Msg("User", text, "user"))
    assert [(m["role"], m["content"]) for m in model.requests[1].messages] == [
        ("user", "one"),
        ("assistant", "Hello"),
        ("user", "two"),
    ]


def test_without_memory_it_sees_only_its_argument(sink, model):
    agent = DialogAgent("Bob", "Be kind.", "m", use_memory=False)
    agent(Msg("User", "one", "user"))
    agent([Msg("User", "two", "user"), Msg("User", "three", "user")])
    assert [m["content"] for m in model.requests[0].messages] == ["Be kind.", "one"]
    assert [m["content"] for m in model.requests[1].messages] == ["Be kind.", "two", "three"]


def test_without_an_input(sink, model):
    assert DialogAgent("Bob", "Introduce yourself.", "m")().content == "Hello"


def test_two_agents_talk(sink, model):
    ann, bob = DialogAgent("Ann", "You are Ann.", "m"), DialogAgent("Bob", "You are Bob.", "m")
    x = Msg("Bob", "Hi Ann", "assistant")
    bob.observe(x)
    for _ in range(2):
        x = ann(x)
        x = bob(x)
    roles = [m["role"] for m in model.requests[-1].messages]
    assert roles == ["system", "assistant", "user", "assistant", "user"]
    assert not any("name" in m for m in model.requests[-1].messages)


def test_an_answer_that_is_not_streamed(sink, scripted):
    scripted("Hello", Finish())
    agent = DialogAgent("Bob", "", {"model_type": "scripted", "stream": False})
    assert agent(Msg("User", "Hi", "user")).content == "Hello"
    assert sink.only.text == "Hello"


def test_after_an_error_the_question_stays_and_no_answer_does(sink, scripted):
    scripted("Hel", ConnectionLostError("gone"))
    agent = DialogAgent("Bob", "", {"model_type": "scripted", "stream": True})
    with pytest.raises(ConnectionLostError):
        agent(Msg("User", "Hi", "user"))
    assert [m.content for m in agent.memory.get_memory()] == ["Hi"]
    assert sink.only.outcome.state == "failed"


def test_it_is_shown_while_it_streams(sink, scripted):
    more = threading.Event()
    scripted("Hel", more.wait, "lo", Finish())
    agent = DialogAgent("Bob", "", {"model_type": "scripted", "stream": True})
    shown = []

    def write(message, snapshot):
        shown.append(snapshot.text)
        more.set()  # the model goes on only when the sink has seen what there is

    sink.write = write
    modelstream.init(sinks=[sink])
    assert agent().content == "Hello"
    assert shown == ["Hel", "Hello", "Hello"]


@pytest.mark.parametrize("stream", [True, False])
def test_a_subclass_that_overrides_speak_gets_what_agentscope_passed(scripted, sink, stream):
    class Loud(DialogAgent):
        def speak(self, content):
            self.spoken = content if isinstance(content, str) else list(content)

    scripted("Hello", Finish())
    agent = Loud("Bob", "", {"model_type": "scripted", "stream": stream})
    agent(Msg("User", "Hi", "user"))
    assert agent.spoken == ([(False, "Hello"), (True, "Hello")] if stream else "Hello")


def test_arguments_without_effect_are_logged(model, caplog):
    DialogAgent("Bob", "", "m", parser=None)
    assert "parser have no effect" in caplog.text
