"""Commands from Studio: the user stops messages and answers questions."""

from __future__ import annotations

import threading

import pytest
from fake_studio import FakeStudio

from modelstream import show
from modelstream.errors import StreamCancelledError
from modelstream.sinks import ask
from modelstream.sinks.base import Message, Outcome
from modelstream.sinks.question import Question
from modelstream.testing import scripted
from modelstream_studio.sink import listener


def test_stop_ends_the_stream(studio, sinks):
    sink = sinks(studio.url)
    message = Message("A")
    response = scripted("Hel", 60.0, "lo")("", stream=True)
    stopping = threading.Thread(target=_stop, args=(studio, message))
    stopping.start()
    with pytest.raises(StreamCancelledError):
        show(response, message=message, sinks=[sink])
    stopping.join()
    studio.memory.wait_for(lambda: studio.memory.is_over("A"))
    stored = studio.memory.message_of("A")
    assert (stored.text, stored.closes[0]["state"]) == ("Hel", "cancelled")


def _stop(studio, message):
    studio.memory.wait_for(lambda: studio.memory.text_of("A"))
    studio.command(do="cancel", m="another")
    studio.command(do="cancel", m=message.id)


def test_an_answer_from_studio(studio, sinks):
    question = Question("B", "Which?", {"type": "object"})
    assert ask(question, [sinks(studio.url)]) == 1
    frame = _wait_for_question(studio, question)
    assert (frame["name"], frame["prompt"], frame["schema"]) == ("B", "Which?", {"type": "object"})
    studio.command(do="answer", q=question.id, value={"color": "red"})
    assert question.wait(20)
    assert question.value == {"color": "red"}
    studio.memory.wait_for(lambda: "answered" in studio.memory.kinds())
    assert "here" not in studio.memory.questions[question.id]  # the default: in Studio


def test_an_answer_from_elsewhere(studio, sinks):
    question = Question("B", "Which?")
    ask(question, [sinks(studio.url)])
    _wait_for_question(studio, question)
    question.answer("mine")
    studio.command(do="answer", q=question.id, value="too late")
    studio.memory.wait_for(lambda: "answered" in studio.memory.kinds())
    stored = studio.memory.questions[question.id]
    assert (stored["value"], stored["here"]) == ("mine", True)
    assert question.value == "mine"


def test_a_cancelled_question_is_withdrawn(studio, sinks):
    question = Question("B", "Which?")
    ask(question, [sinks(studio.url)])
    question.cancel()
    studio.memory.wait_for(lambda: "withdrawn" in studio.memory.kinds())


def test_a_question_that_is_answered_at_once_is_reported_once(studio, sinks):
    sink = sinks(studio.url)
    for _ in range(5):
        question = Question("B", "Which?")
        ask(question, [sink])
        question.answer("this")
    sink.shutdown()
    assert sorted(studio.memory.kinds()) == ["answered"] * 5 + ["ask"] * 5 + ["bye"]


def test_a_question_waits_through_a_restart(monkeypatch, sinks):
    monkeypatch.setattr(listener, "PAUSE", 0.05)
    with FakeStudio() as studio:
        question = Question("B", "Which?")
        ask(question, [sinks(studio.url)])
        _wait_for_question(studio, question)
    with FakeStudio(studio.memory, studio.port) as restarted:
        restarted.command(do="answer", q=question.id, value="after all")
        assert question.wait(20)
    assert question.value == "after all"


def test_every_command_is_executed_once(studio, sinks):
    sink = sinks(studio.url)
    cancelled = []
    message = Message("A", cancel=lambda: cancelled.append(1))
    sink.open(message)
    studio.memory.wait_for(lambda: studio.memory.messages)
    studio.command(do="cancel", m=message.id)
    question = Question("B", "Which?")
    sink.ask(question)
    _wait_for_question(studio, question)
    studio.command(do="answer", q=question.id, value="")
    assert question.wait(20)
    assert cancelled == [1]


def test_the_listener_ends_when_nothing_can_be_stopped(monkeypatch, studio, sinks):
    sink = sinks(studio.url)
    message = Message("A")
    sink.open(message)
    studio.memory.wait_for(lambda: studio.memory.commands)  # the listener waits for commands
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "modelstream-studio-listener"]
    sink.close(message, Outcome("complete", "stop"))
    studio.memory.wait_for(lambda: studio.memory.is_over("A"))
    studio.command(do="cancel", m=message.id)  # ends the waiting request
    thread.join(20)
    assert not thread.is_alive()
    cancelled = threading.Event()
    message = Message("B", cancel=cancelled.set)
    sink.open(message)  # starts a new listener
    studio.memory.wait_for(lambda: studio.memory.text_of("B") is not None)
    studio.command(do="cancel", m=message.id)
    assert cancelled.wait(20)


def _wait_for_question(studio, question):
    studio.memory.wait_for(lambda: question.id in studio.memory.questions)
    return studio.memory.questions[question.id]
