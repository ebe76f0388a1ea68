"""The sink with a real Studio that is killed repeatedly."""

from __future__ import annotations

import threading
import time

import pytest
from served import StudioProcess, wait_for

from modelstream import show
from modelstream.deltas import ReasoningDelta, ToolCallDelta, UsageDelta
from modelstream.errors import StreamCancelledError
from modelstream.sinks import ask, run
from modelstream.sinks.base import Message
from modelstream.sinks.question import Question
from modelstream.testing import scripted


@pytest.fixture
def process(tmp_path):
    studio = StudioProcess(tmp_path)
    yield studio
    studio.kill()


def sink_for(sinks, studio):
    return sinks(f"http://127.0.0.1:{studio.port}", token=studio.tokens.publish)


def exported(studio):
    status, document, _ = studio.request("GET", f"/v1/runs/{run.id}/export.json")
    assert status == 200, document
    return {message["name"]: message for message in document["messages"]}


def shown(studio, field):
    return studio.get("/v1/runs")["runs"] and studio.run(run.id)[field]


def test_everything_arrives_although_studio_is_killed_repeatedly(process, sinks):
    sink = sink_for(sinks, process)
    words = {name: [f"{name}{number} " for number in range(300)] for name in ("A", "B", "C")}

    def speak(name):
        steps = [step for word in words[name] for step in (word, 0.01)]
        show(scripted(*steps, UsageDelta(1, 2))("", stream=True), name=name, sinks=[sink])

    threads = [threading.Thread(target=speak, args=(name,)) for name in words]
    for thread in threads:
        thread.start()
    for _ in range(3):
        time.sleep(0.5)  # somewhere in the middle
        process.kill()
        process.start()
    for thread in threads:
        thread.join()
    sink.shutdown()
    wait_for(lambda: all(message["state"] == "complete" for message in exported(process).values()))
    assert {name: message["text"] for name, message in exported(process).items()} == {
        name: "".join(words) for name, words in words.items()
    }


def test_all_deltas_are_shown(process, sinks):
    sink = sink_for(sinks, process)
    deltas = [ReasoningDelta("hm"), "Hel", "lo", ToolCallDelta(0, "c", "f", "{}"), UsageDelta(3, 4)]
    show(scripted(*deltas)("", stream=True), name="A", sinks=[sink])
    sink.shutdown()
    message = wait_for(lambda: process.run(run.id)["messages"])[0]
    assert (message["state"], message["reasoning"], message["text_length"]) == ("complete", "hm", 5)
    assert message["tool_calls"] == [{"i": 0, "id": "c", "name": "f", "arguments": "{}"}]
    assert message["usage"] == {"input_tokens": 3, "output_tokens": 4}
    assert message["started"] <= message["first_at"] <= message["ended"]


def test_stop_in_studio_ends_the_stream_in_the_program(process, sinks):
    message = Message("A")
    stopped = threading.Event()

    def stop():
        wait_for(lambda: shown(process, "messages"))
        assert process.post("/v1/cancel", {"m": message.id}) == 200
        stopped.set()

    threading.Thread(target=stop).start()
    with pytest.raises(StreamCancelledError):
        show(scripted("Hel", 60.0, "lo")("", stream=True), message=message, sinks=[sink_for(sinks, process)])
    assert stopped.wait(20)
    wait_for(lambda: process.run(run.id)["messages"][0]["state"] == "cancelled")


def test_a_question_is_answered_after_studio_was_killed(process, sinks):
    question = Question("A", "Which?")
    ask(question, [sink_for(sinks, process)])
    wait_for(lambda: shown(process, "questions"))
    process.kill()
    process.start()
    wait_for(lambda: shown(process, "questions"))  # it may not have been on disk before
    assert process.post("/v1/answer", {"q": question.id, "value": "this one"}) == 200
    assert question.wait(20)
    assert question.value == "this one"
    wait_for(lambda: process.run(run.id)["questions"][0]["state"] == "answered")
    assert process.post("/v1/answer", {"q": question.id, "value": "late"}) == 409
