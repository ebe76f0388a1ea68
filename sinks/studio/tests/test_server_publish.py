"""Frames of programs are stored once, also if batches are lost or sent again."""

from __future__ import annotations

import json

import pytest
from served import Reporter, Served, browsing

from modelstream_studio import frames


def test_a_message_from_open_to_close(served):
    program = Reporter(served)
    assert program.open(model_type="openai_chat", model_name="gpt", role="assistant", agent="a1") == 1
    program.report(
        frames.Reasoning(message="m", offset=0, delta="Let me think.", at=1001.5),
        frames.Text(message="m", offset=0, delta="# Hi\n\nI am ", at=1002.0),
        frames.Text(message="m", offset=11, delta="**here**", at=1002.0),
        frames.Tool(message="m", index=0, id="c1", name="look", delta='{"a'),
        frames.Tool(message="m", index=0, offset=3, delta='": 1}'),
        frames.UsageSoFar(message="m", usage=frames.Counts(input_tokens=5)),
    )

    live = served.message()
    assert (live["state"], live["blocks"], live["tail"]) == ("live", ["<h1>Hi</h1>\n"], "I am **here**")

    assert program.close(finish_reason="stop", usage=frames.Counts(5, 7)) == 8
    done = served.message()
    assert done["state"] == "complete"
    assert done["blocks"] == ["<h1>Hi</h1>\n", "<p>I am <strong>here</strong></p>\n"]
    assert done["tail"] == ""
    assert done["reasoning"] == "Let me think."
    assert done["tool_calls"] == [{"i": 0, "id": "c1", "name": "look", "arguments": '{"a": 1}'}]
    assert done["usage"]["output_tokens"] == 7
    assert (done["started"], done["first_at"], done["ended"]) == (1001.0, 1001.5, 1003.0)
    assert (done["model_type"], done["model_name"], done["agent"]) == ("openai_chat", "gpt", "a1")
    run = served.run()["run"]
    assert (run["project"], run["name"], run["program"]) == ("project", "name of run", "program.py")
    assert (run["messages"], run["live"], run["input_tokens"], run["output_tokens"]) == (1, 0, 5, 7)
    assert run["agents"] == ["Alice"]


def test_a_failure_keeps_the_text_so_far(served):
    program = Reporter(served)
    program.open()
    program.text("Half a", 0)
    program.close(state="failed", error=frames.Failure("ConnectionLostError", "the line went dead"))

    message = served.message()
    assert message["state"] == "failed"
    assert message["error"] == {"type": "ConnectionLostError", "message": "the line went dead"}
    assert message["blocks"] == ["<p>Half a</p>\n"]


def test_known_frames_are_ignored_and_missing_ones_requested(served):
    program = Reporter(served)
    program.open()
    program.text("one ", 0)
    program.text("two", 4)

    assert program.send(1, 3)[:2] == (200, {"persisted": 3})
    assert program.send(2, 2)[:2] == (200, {"persisted": 3})
    assert program.send(5, 5)[:2] == (409, {"persisted": 3})
    assert program.send(4, 3)[:2] == (200, {"persisted": 3}), "an empty batch is a heartbeat"
    assert served.message()["tail"] == "one two"


def test_an_unknown_producer_has_to_send_its_run(served):
    program = Reporter(served)
    info, program.info = program.info, None
    assert program.send(1, 0)[:2] == (409, {"persisted": 0})
    program.info = info
    program.open()
    program.info = None
    assert program.text("hello", 0) == 2


def test_invalid_frames_are_ignored_and_listed(served):
    program = Reporter(served)
    program.open()
    program.log += [
        b"not JSON",
        b'{"k":"new kind"}',
        b'{"k":"text","m":"m","o":"zero","d":"x"}',
        b'{"k":"text","m":"unknown","o":0,"d":"x"}',
        b'{"k":"text","m":"m","o":0,"d":"' + b"x" * frames.MAX_LINE + b'"}',
        b'{"k":"text","m":"m","o":0,"d":"yes","at":1}',
    ]

    status, reply, _ = program.send(2, 7)

    assert (status, reply["persisted"]) == (200, 7)
    assert [refusal["n"] for refusal in reply["refused"]] == [2, 3, 4, 5, 6]
    assert "no message 'unknown' is open" in reply["refused"][3]["why"]
    assert served.message()["tail"] == "yes"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b'{"producer":"p","first":0,"run":{"id":"r"}}', 400),
        (b'{"producer":"","first":1,"run":{"id":"r"}}', 400),
        (b"x" * (frames.MAX_BODY + 1), 413),
    ],
    ids=["nothing", "a list", "counts from zero", "no producer", "too large"],
)
def test_an_invalid_batch_is_rejected(served, body, status):
    actual, reply, _ = served.request("POST", "/v1/publish", role="publish", body=body)
    assert actual == status
    assert reply["error"]


def test_a_gap_is_shown_at_its_place(served):
    program = Reporter(served)
    program.open()
    program.text("Beginning.", 0)
    with browsing(served) as browser:
        program.report(
            frames.Gap(message="m", lost=1234), frames.Text(message="m", offset=1244, delta="End.")
        )
        program.text(" And more.", 1248)
        program.close()
        browser.wait("m", "complete")
        assert browser.messages["m"]["gap"] == 1234

    message = served.message()
    assert message["blocks"] == [
        "<p>Beginning.</p>\n",
        "<p>[… 1234 characters did not arrive …]</p>\n",
        "<p>End. And more.</p>\n",
    ]
    assert message["gap"] == 1234


def test_overlapping_text_is_shown_once_and_skipped_text_is_a_gap(served):
    program = Reporter(served)
    program.open()
    program.text("abcdef", 0)
    program.text("defghi", 3)
    assert served.message()["tail"] == "abcdefghi"
    program.text("xyz", 12)
    assert served.message()["gap"] == 3


def test_text_that_does_not_extend_the_last_replaces_it(served):
    program = Reporter(served)
    program.open()
    program.text("# Draft\n\nNo.", 0)
    with browsing(served) as browser:
        program.report(
            frames.Fresh(message="m", text="Better"), frames.Text(message="m", offset=6, delta="!")
        )
        program.close()
        browser.wait("m", "complete")
        assert browser.html() == "<p>Better!</p>\n"
    assert served.message()["blocks"] == ["<p>Better!</p>\n"]


def test_a_message_that_is_opened_again_starts_over_in_its_place(served):
    program = Reporter(served)
    program.open("m1")
    program.text("first", 0, "m1")
    program.close("m1", usage=frames.Counts(1, 2))
    program.open("m2")
    program.open("m1")
    program.text("second", 0, "m1")
    program.close("m1", usage=frames.Counts(10, 20))

    snapshot = served.run()
    assert [message["id"] for message in snapshot["messages"]] == ["m1", "m2"]
    assert snapshot["messages"][0]["blocks"] == ["<p>second</p>\n"]
    run = snapshot["run"]
    assert (run["messages"], run["live"], run["input_tokens"], run["output_tokens"]) == (2, 1, 10, 20)


def test_another_producer_takes_over_a_live_message(served):
    old, new = Reporter(served, "old"), Reporter(served, "new")
    old.open()
    old.text("from the old one", 0)
    new.open()
    new.text("from the new one", 0)
    new.close()

    assert served.message()["blocks"] == ["<p>from the new one</p>\n"]
    assert served.run()["run"]["live"] == 0
    assert old.send(3, 3)[0] == 200
    old.log.append(json.dumps({"k": "text", "m": "m", "o": 16, "d": "late"}).encode())
    assert old.send(3, 3)[1]["refused"]


def test_runs_do_not_affect_each_other(served):
    for number in range(3):
        program = Reporter(served, f"p{number}", f"run{number}")
        program.open("m")
        program.text(f"I am {number}", 0)

    assert [served.message("m", f"run{number}")["tail"] for number in range(3)] == [
        "I am 0",
        "I am 1",
        "I am 2",
    ]
    assert len(served.get("/v1/runs")["runs"]) == 3


def test_messages_continue_after_a_restart(tmp_path):
    served = Served(tmp_path)
    try:
        program = Reporter(served)
        program.open()
        program.report(
            frames.Text(message="m", offset=0, delta="# One\n\nand t", at=1),
            frames.Reasoning(message="m", offset=0, delta="hm", at=1),
            frames.Tool(message="m", index=0, id="c", name="f", delta="{"),
            frames.UsageSoFar(message="m", usage=frames.Counts(3, 4)),
        )
        served.stop()
        served.start()

        before = served.message()
        assert (before["state"], before["tail"], before["reasoning"]) == ("live", "and t", "hm")
        assert program.send(1, 5)[:2] == (200, {"persisted": 5})
        program.report(
            frames.Text(message="m", offset=12, delta="wo", at=1),
            frames.Tool(message="m", index=0, offset=1, delta="}"),
            frames.Close(message="m", state="complete", at=2, usage=frames.Counts(3, 5)),
        )
        after = served.message()
        assert after["blocks"] == ["<h1>One</h1>\n", "<p>and two</p>\n"]
        assert after["tool_calls"][0]["arguments"] == "{}"
        run = served.run()["run"]
        assert (run["messages"], run["live"], run["input_tokens"], run["output_tokens"]) == (1, 0, 3, 5)
    finally:
        served.stop()
