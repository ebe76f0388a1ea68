"""Nothing shows "live" for ever: a program that is gone is noticed, and one that comes back goes on."""

from __future__ import annotations

import time

import pytest
from served import Reporter, Served, browsing, wait_for

from modelstream_studio import frames
from modelstream_studio.server import hub


@pytest.fixture
def impatient(monkeypatch):
    """Studio gives up on a program sooner."""
    monkeypatch.setattr(frames, "LEASE", 0.5)
    monkeypatch.setattr(hub, "WATCH", 0.05)


def test_a_program_that_is_gone_has_its_messages_cut(impatient, served):
    program = Reporter(served)
    program.open()
    program.text("half a sen", 0)
    program.say(frames.Ask(question="q", name="Bob", prompt="Well?", at=1001.0))
    with browsing(served) as browser:
        browser.wait("m", "cut")
        assert browser.html() == "<p>half a sen</p>\n"
        wait_for(lambda: browser.run["state"] == "lost")
        assert (browser.run["live"], browser.run["questions"]) == (0, 0)
        assert browser.questions["q"]["state"] == "withdrawn"
    assert served.message()["ended"]


def test_one_that_comes_back_goes_on(impatient, served, monkeypatch):
    program = Reporter(served)
    program.open()
    program.say(
        frames.Text(message="m", offset=0, delta="half a sen", at=1),
        frames.Ask(question="q", name="Bob", prompt="Well?", at=1001.0),
    )
    with browsing(served) as browser:
        browser.wait("m", "cut")
        monkeypatch.setattr(frames, "LEASE", 60)
        program.send(4, 3)
        browser.wait("m", "live")
        assert browser.html() == "half a sen"
        wait_for(lambda: browser.questions["q"]["state"] == "open")
        program.text("tence", 10)
        program.close()
        browser.wait("m", "complete")
        assert browser.html() == "<p>half a sentence</p>\n"
        run = served.run()["run"]
        assert (run["state"], run["live"], run["questions"], run["messages"]) == ("live", 0, 1, 1)


def test_a_heartbeat_keeps_it_alive(impatient, served, monkeypatch):
    monkeypatch.setattr(frames, "LEASE", 3)
    program = Reporter(served)
    program.open()
    with browsing(served) as browser:
        wait_for(lambda: browser.messages)
        other = Reporter(served, "other")
        other.open("m2")
        while browser.messages.get("m2", {}).get("state") != "cut":
            program.send(2, 1)
        assert browser.messages["m"]["state"] == "live"
        assert served.run()["run"]["state"] == "live", "one of its two producers is"


def test_a_bye_ends_the_run_and_cuts_what_is_open(served):
    program = Reporter(served)
    program.open("m1")
    program.close("m1")
    program.open("m2")
    program.say(frames.Bye(at=2000.0))

    snapshot = served.run()
    assert snapshot["run"]["state"] == "finished"
    assert [message["state"] for message in snapshot["messages"]] == ["complete", "cut"]
    assert program.send(4, 4)[:2] == (200, {"persisted": 4}), "the same batch once more wakes nobody up"
    assert served.run()["run"]["state"] == "finished"


def test_one_that_died_while_studio_was_away_is_noticed_too(impatient, tmp_path):
    served = Served(tmp_path)
    try:
        program = Reporter(served)
        program.open()
        program.text("before", 0)
        served.stop()
        served.start()
        with browsing(served) as browser:
            browser.wait("m", "cut")
            assert browser.html() == "<p>before</p>\n"
    finally:
        served.stop()


def test_lost_before_a_restart_it_still_comes_back(impatient, tmp_path, monkeypatch):
    served = Served(tmp_path)
    try:
        program = Reporter(served)
        program.open()
        program.text("before ", 0)
        wait_for(lambda: served.message()["state"] == "cut")
        monkeypatch.setattr(frames, "LEASE", 60)
        served.stop()
        served.start()
        program.text("and after", 7)
        assert served.message()["tail"] == "before and after"
        assert served.run()["run"]["state"] == "live"
    finally:
        served.stop()


def test_who_could_not_be_listened_to_is_not_lost(impatient, served, monkeypatch):
    monkeypatch.setattr(frames, "LEASE", 3)
    program = Reporter(served)
    program.open()
    inside = served.studio.hub
    before = inside.ring.seq
    inside._loop.call_soon_threadsafe(time.sleep, 5)
    assert program.send(2, 1)[0] == 200
    assert inside.ring.seq == before, "it was not even cut for a moment"


def test_a_run_at_rest_does_not_stay_in_memory(impatient, served):
    program = Reporter(served)
    program.open()
    program.close()
    program.say(frames.Bye(at=2000.0))
    inside = served.studio.hub
    wait_for(lambda: not inside.runs and not inside.producers)
    assert served.message()["state"] == "complete"
