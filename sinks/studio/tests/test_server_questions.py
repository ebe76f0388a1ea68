"""A program asks the user: the first answer wins, and is kept until the program has it."""

from __future__ import annotations

import threading

import pytest
from served import Reporter, Served, browsing, wait_for

from modelstream_studio import frames
from modelstream_studio.server import publish

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


def ask(program, q="q", schema=None):
    """Ask the user."""
    program.say(frames.Ask(question=q, name="Bob", prompt="Where?", at=1001.0, schema=schema))


def commands(served, after=0, producer="producer"):
    """What the producer is told."""
    status, reply, _ = served.ask("GET", f"/v1/commands?producer={producer}&after={after}", role="publish")
    assert status == 200
    return reply["commands"]


def test_the_answer_reaches_the_program_and_every_tab(served):
    program = Reporter(served)
    ask(program, schema=SCHEMA)
    with browsing(served) as one, browsing(served) as two:
        wait_for(lambda: one.questions and two.questions)
        assert one.questions["q"]["schema"] == SCHEMA
        assert served.run()["run"]["questions"] == 1

        assert served.post("/v1/answer", {"q": "q", "value": {"city": "Köln"}}) == 200
        assert served.post("/v1/answer", {"q": "q", "value": "late"}) == 409

        (command,) = commands(served)
        assert (command["do"], command["q"], command["value"]) == ("answer", "q", {"city": "Köln"})
        for browser in (one, two):
            wait_for(lambda b=browser: b.questions["q"]["state"] == "answered")
            assert browser.questions["q"]["value"] == {"city": "Köln"}

    program.say(frames.Answered(question="q", value={"city": "Köln"}))
    assert served.run()["run"]["questions"] == 0
    assert served.run()["questions"][0]["state"] == "answered"


def test_a_command_is_waited_for(served):
    program = Reporter(served)
    ask(program)
    found = []
    listener = threading.Thread(target=lambda: found.extend(commands(served)))
    listener.start()
    assert served.post("/v1/answer", {"q": "q", "value": "now"}) == 200
    listener.join(10)
    assert [command["value"] for command in found] == ["now"]


def test_no_command_is_said_after_a_while(served, monkeypatch):
    monkeypatch.setattr(publish, "LONG_POLL", 0.1)
    assert commands(served) == []


def test_commands_that_were_seen_are_not_told_again(served, monkeypatch):
    monkeypatch.setattr(publish, "LONG_POLL", 0.1)
    program = Reporter(served)
    ask(program)
    served.post("/v1/answer", {"q": "q", "value": 1})
    (command,) = commands(served)
    assert commands(served, command["n"]) == []
    assert commands(served) == [command], "until the program has it"
    program.say(frames.Answered(question="q", value=1))
    assert commands(served) == []


def test_an_answer_given_elsewhere_is_shown(served):
    program = Reporter(served)
    ask(program)
    with browsing(served) as browser:
        wait_for(lambda: browser.questions)
        program.say(frames.Answered(question="q", value="in the terminal", elsewhere=True))
        wait_for(lambda: browser.questions["q"]["value"] == "in the terminal")
    assert served.post("/v1/answer", {"q": "q", "value": "late"}) == 409


def test_the_terminal_may_have_been_first(served):
    program = Reporter(served)
    ask(program)
    assert served.post("/v1/answer", {"q": "q", "value": "from the page"}) == 200
    program.say(frames.Answered(question="q", value="from the terminal", elsewhere=True))
    assert served.run()["questions"][0]["value"] == "from the terminal"
    assert served.run()["run"]["questions"] == 0


def test_a_question_may_be_withdrawn(served):
    program = Reporter(served)
    ask(program)
    program.say(frames.Withdrawn(question="q"))
    assert served.run()["questions"][0]["state"] == "withdrawn"
    assert served.post("/v1/answer", {"q": "q", "value": "late"}) == 409


def test_a_question_and_its_answer_outlive_studio(tmp_path):
    served = Served(tmp_path)
    try:
        program = Reporter(served)
        ask(program, "q1")
        ask(program, "q2")
        assert served.post("/v1/answer", {"q": "q1", "value": "given before"}) == 200
        (before,) = commands(served)
        served.stop()
        served.start()

        assert commands(served) == [before]
        assert {q["id"]: q["state"] for q in served.run()["questions"]} == {"q1": "answered", "q2": "open"}
        assert served.run()["run"]["questions"] == 1
        assert served.post("/v1/answer", {"q": "q2", "value": "given after"}) == 200
        assert [command["value"] for command in commands(served, before["n"])] == ["given after"]
        program.say(frames.Answered(question="q1", value="given before"))
        assert [command["q"] for command in commands(served)] == ["q2"]
    finally:
        served.stop()


def test_a_stream_is_ended(served):
    program = Reporter(served)
    program.open()
    assert served.post("/v1/cancel", {"m": "m"}) == 200
    (command,) = commands(served)
    assert (command["do"], command["m"]) == ("cancel", "m")
    program.close(state="cancelled")
    assert served.message()["state"] == "cancelled"
    assert served.post("/v1/cancel", {"m": "m"}) == 409
    assert served.post("/v1/cancel", {"m": "m", "run": "other"}) == 409


@pytest.mark.parametrize("query", ["", "producer=p&after=x", "after=1"])
def test_who_asks_for_commands_has_to_say_so(served, query):
    assert served.ask("GET", f"/v1/commands?{query}", role="publish")[0] == 400


def test_an_answer_has_to_be_json_and_small(served):
    for body, kind, status in (
        (b"q=1", "text/plain", 415),
        (b"{", "application/json", 400),
        (b"{}", "application/json", 400),
        (b" " * (2 << 20), "application/json", 413),
    ):
        assert served.ask("POST", "/v1/answer", role="answer", body=body, content_type=kind)[0] == status
