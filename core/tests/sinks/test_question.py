"""Questions to the user: asked by every sink that can, answered once."""

from __future__ import annotations

import threading

import pytest
from recording_sink import LIMIT, Gate, MessageWriter, RecordingSink

from modelstream.sinks.delivery.background import flush
from modelstream.sinks.delivery.questions import ask
from modelstream.sinks.question import Question


class Asker(RecordingSink):
    """A sink that can ask."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.questions = []
        self.question_arrived = threading.Event()

    def ask(self, question):
        self.on_call("ask", None, question)
        self.questions.append(question)
        self.question_arrived.set()


@pytest.fixture(params=["inline", "background"])
def delivery(request):
    return request.param


def test_the_first_answer_wins():
    question = Question("User", "Your name?")
    assert (question.answered, question.over, question.value) == (False, False, None)
    assert question.answer("Ann")
    assert not question.answer("Bob")
    question.cancel()
    assert (question.answered, question.over, question.value) == (True, True, "Ann")
    assert question.wait(0)


def test_of_many_answers_at_once_one_wins():
    question = Question("User", "Your name?")
    barrier = threading.Barrier(8)
    won = []

    def answer(name):
        barrier.wait(LIMIT)
        if question.answer(name):
            won.append(name)

    threads = [threading.Thread(target=answer, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert won == [question.value]


def test_a_question_that_is_cancelled_has_no_answer():
    question = Question("User", "Your name?")
    waiting = threading.Thread(target=question.wait)
    waiting.start()
    question.cancel()
    waiting.join(LIMIT)
    assert not waiting.is_alive()
    assert not question.answer("Ann")
    assert not question.wait()
    assert repr(question) == "<Question 'Your name?' of 'User', over>"


def test_waiting_has_a_limit():
    assert not Question("User", "Your name?").wait(0.01)


def test_callbacks_run_when_a_question_is_over():
    question, values = Question("User", "Your name?"), []
    question.when_over(lambda: values.append(question.value))
    question.answer("Ann")
    question.when_over(lambda: values.append("late"))
    assert values == ["Ann", "late"]


def test_a_failing_callback_does_not_affect_others(warnings):
    question, values = Question("User", "Your name?"), []
    question.when_over(lambda: 1 / 0)
    question.when_over(lambda: values.append(question.value))
    assert question.answer("Ann")
    assert values == ["Ann"]
    assert "a when_over callback of a question failed: ZeroDivisionError" in warnings()[0][1]


def test_every_sink_that_can_ask_gets_the_question(delivery):
    sinks = [Asker(delivery=delivery), RecordingSink(), Asker()]
    question = Question("User", "Your name?", {"type": "string"})
    assert ask(question, sinks) == 2
    for sink in (sinks[0], sinks[2]):
        assert sink.question_arrived.wait(LIMIT)
        assert sink.questions == [question]
    assert question.schema == {"type": "string"}


def test_no_sink_can_ask():
    question = Question("User", "Your name?")
    assert ask(question, [RecordingSink()]) == 0
    assert not question.over


def test_asking_does_not_wait_and_comes_after_pending_messages():
    order = []
    with Gate() as gate:

        def on_call(method, message, item):
            order.append(method)
            gate(method, message, item)

        sink = Asker(on_call)
        writer = MessageWriter(sink).write("Who are you?")
        assert gate.reached.wait(LIMIT)
        writer.done()
        question = Question("User", "Your name?")
        assert ask(question, [sink]) == 1
        assert not sink.questions
        gate.release()
        writer.broadcast.drain()
    assert order == ["open", "write", "write", "close", "ask"]


def fail(method, message, item):
    if method == "ask":
        raise ValueError("no keyboard")


def test_a_question_is_over_when_no_sink_can_answer_any_more(delivery, warnings):
    question = Question("User", "Your name?")
    assert ask(question, [Asker(fail, delivery=delivery), Asker(fail)]) == 2
    assert not question.wait(LIMIT)
    assert question.over
    assert "failed in ask: ValueError: no keyboard" in warnings()[0][1]


def test_one_that_can_ask_is_enough(delivery):
    question, good = Question("User", "Your name?"), Asker(delivery=delivery)
    ask(question, [Asker(fail, delivery=delivery), good])
    assert flush(LIMIT)
    assert not question.over
    assert good.question_arrived.wait(LIMIT)
    good.questions[0].answer("Ann")
    assert question.wait(LIMIT)
    assert question.value == "Ann"


def test_a_sink_that_is_off_is_not_waited_for(delivery):
    sink = Asker(fail, delivery=delivery)
    for _ in range(3):
        ask(Question("User", "?"), [sink])
    assert flush(LIMIT)
    question = Question("User", "Your name?")
    ask(question, [sink])
    assert not question.wait(LIMIT)
    assert question.over
