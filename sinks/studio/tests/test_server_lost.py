"""Nothing stays "live" forever: a program that ends is noticed, and one that returns continues."""

from __future__ import annotations

import time

import pytest
from served import Reporter, Served, browsing, wait_for

from modelstream_studio import frames
from modelstream_studio.server import hub


@pytest.fixture
def short_lease(monkeypatch):
    """Studio regards a silent program as lost sooner."""
    monkeypatch.setattr(frames, "LEASE", 0.5)
    monkeypatch.setattr(hub, "WATCH", 0.05)


def test_messages_of_a_lost_program_are_cut(short_lease, served):
    program = Reporter(served)
    program.open()
    program.text("half a sen", 0)
    program.report(frames.Ask(question="q", name="Bob", prompt="Well?", at=1001.0))
    with browsing(served) as browser:
        browser.wait("m", "cut")
        assert browser.html() == "<p>half a sen</p>\n"
        wait_for(lambda: browser.run["state"] == "lost")
        assert (browser.run["live"], browser.run["questions"]) == (0, 0)
        assert browser.questions["q"]["state"] == "withdrawn"
    assert served.message()["ended"]


def test_a_program_that_returns_continues(short_lease, served, monkeypatch):
    program = Reporter(served)
    program.open()
    program.report(
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


def test_a_heartbeat_keeps_a_program_alive(short_lease, served, monkeypatch):
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
        assert served.run()["run"]["state"] == "live", "one of its two producers is live"


def test_a_bye_ends_the_run_and_cuts_what_is_open(served):
    program = Reporter(served)
    program.open("m1")
    program.close("m1")
    program.open("m2")
    program.report(frames.Bye(at=2000.0))

    snapshot = served.run()
    assert snapshot["run"]["state"] == "finished"
    assert [message["state"] for message in snapshot["messages"]] == ["complete", "cut"]
    assert program.send(4, 4)[:2] == (200, {"persisted": 4}), "the same batch again changes nothing"
    assert served.run()["run"]["state"] == "finished"


def test_a_program_that_ended_while_studio_was_down_is_lost(short_lease, tmp_path):
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


def test_a_program_that_was_lost_before_a_restart_continues(short_lease, tmp_path, monkeypatch):
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


def test_a_program_is_not_lost_while_studio_is_blocked(short_lease, served, monkeypatch):
    monkeypatch.setattr(frames, "LEASE", 3)
    program = Reporter(served)
    program.open()
    studio_hub = served.studio.hub
    before = studio_hub.ring.seq
    studio_hub._loop.call_soon_threadsafe(time.sleep, 5)
    assert program.send(2, 1)[0] == 200
    assert studio_hub.ring.seq == before, "it was never cut"


def test_a_finished_run_does_not_stay_in_memory(short_lease, served):
    program = Reporter(served)
    program.open()
    program.close()
    program.report(frames.Bye(at=2000.0))
    studio_hub = served.studio.hub
    wait_for(lambda: not studio_hub.runs and not studio_hub.producers)
    assert served.message()["state"] == "complete"
