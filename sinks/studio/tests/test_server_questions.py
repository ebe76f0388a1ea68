"""Questions of programs: the first answer wins, and is stored until the program has it."""

from __future__ import annotations

import threading

import pytest
from served import Reporter, Served, browsing, wait_for

from modelstream_studio import frames
from modelstream_studio.server import publish

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


def ask(program, q="q", schema=None):
    """Asks the user a question."""
    program.report(frames.Ask(question=q, name="Bob", prompt="Where?", at=1001.0, schema=schema))


def commands(served, after=0, producer="producer"):
    """The commands that the producer receives."""
    status, reply, _ = served.request(
        "GET", f"/v1/commands?producer={producer}&after={after}", role="publish"
    )
    assert status == 200
    return reply["commands"]


def test_the_answer_reaches_the_program_and_every_tab(served):
    program = Reporter(served)
    ask(program, schema=SCHEMA)
    with browsing(served) as first, browsing(served) as second:
        wait_for(lambda: first.questions and second.questions)
        assert first.questions["q"]["schema"] == SCHEMA
        assert served.run()["run"]["questions"] == 1

        assert served.post("/v1/answer", {"q": "q", "value": {"city": "Köln"}}) == 200
        assert served.post("/v1/answer", {"q": "q", "value": "late"}) == 409

        (command,) = commands(served)
        assert (command["do"], command["q"], command["value"]) == ("answer", "q", {"city": "Köln"})
        for browser in (first, second):
            wait_for(lambda b=browser: b.questions["q"]["state"] == "answered")
            assert browser.questions["q"]["value"] == {"city": "Köln"}

    program.report(frames.Answered(question="q", value={"city": "Köln"}))
    assert served.run()["run"]["questions"] == 0
    assert served.run()["questions"][0]["state"] == "answered"


def test_a_request_waits_for_a_command(served):
    program = Reporter(served)
    ask(program)
    received = []
    listener = threading.Thread(target=lambda: received.extend(commands(served)))
    listener.start()
    assert served.post("/v1/answer", {"q": "q", "value": "now"}) == 200
    listener.join(10)
    assert [command["value"] for command in received] == ["now"]


def test_a_request_without_commands_ends_after_a_while(served, monkeypatch):
    monkeypatch.setattr(publish, "LONG_POLL", 0.1)
    assert commands(served) == []


def test_commands_are_not_sent_again(served, monkeypatch):
    monkeypatch.setattr(publish, "LONG_POLL", 0.1)
    program = Reporter(served)
    ask(program)
    served.post("/v1/answer", {"q": "q", "value": 1})
    (command,) = commands(served)
    assert commands(served, command["n"]) == []
    assert commands(served) == [command], "until the program has it"
    program.report(frames.Answered(question="q", value=1))
    assert commands(served) == []


def test_an_answer_from_elsewhere_is_shown(served):
    program = Reporter(served)
    ask(program)
    with browsing(served) as browser:
        wait_for(lambda: browser.questions)
        program.report(frames.Answered(question="q", value="in the terminal", elsewhere=True))
        wait_for(lambda: browser.questions["q"]["value"] == "in the terminal")
    assert served.post("/v1/answer", {"q": "q", "value": "late"}) == 409


def test_the_terminal_may_have_been_first(served):
    program = Reporter(served)
    ask(program)
    assert served.post("/v1/answer", {"q": "q", "value": "from the page"}) == 200
    program.report(frames.Answered(question="q", value="from the terminal", elsewhere=True))
    assert served.run()["questions"][0]["value"] == "from the terminal"
    assert served.run()["run"]["questions"] == 0


def test_a_question_may_be_withdrawn(served):
    program = Reporter(served)
    ask(program)
    program.report(frames.Withdrawn(question="q"))
    assert served.run()["questions"][0]["state"] == "withdrawn"
    assert served.post("/v1/answer", {"q": "q", "value": "late"}) == 409


def test_questions_and_answers_survive_a_restart(tmp_path):
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
        program.report(frames.Answered(question="q1", value="given before"))
        assert [command["q"] for command in commands(served)] == ["q2"]
    finally:
        served.stop()


def test_a_stream_is_cancelled(served):
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
def test_invalid_requests_for_commands(served, query):
    assert served.request("GET", f"/v1/commands?{query}", role="publish")[0] == 400


def test_invalid_answers(served):
    for body, kind, status in (
        (b"q=1", "text/plain", 415),
        (b"{", "application/json", 400),
        (b"{}", "application/json", 400),
        (b" " * (2 << 20), "application/json", 413),
    ):
        assert served.request("POST", "/v1/answer", role="answer", body=body, content_type=kind)[0] == status
