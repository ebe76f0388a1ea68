"""Browsers show the same text whether they connect early, connect late or reconnect."""

from __future__ import annotations

import asyncio
import socket
import time

import msgspec
from served import LIMIT, Browser, Reporter, Served, browsing, wait_for

from modelstream_studio import frames
from modelstream_studio.server import limits
from modelstream_studio.server.showing import snapshot

STORY = (
    "# Title\n\nA *paragraph*.\n\n- one\n- two\n\n```python\nx = 1\n```\n\n中文 👩‍👩‍👧 end.\n\n" * 5
    + "See [it].\n\n[it]: https://example.org\n"
)


def write_story(program, m="m", story=STORY, *, size=17):
    """Sends the story in pieces."""
    for at in range(0, len(story), size):
        program.text(story[at : at + size], at, m)


def test_an_early_and_a_late_browser_show_the_same(served):
    program = Reporter(served)
    program.open()
    with browsing(served) as early:
        write_story(program)
        program.close(finish_reason="stop")
        early.wait("m", "complete")
        with browsing(served) as late:
            late.wait("m", "complete")
            assert early.messages == late.messages
            assert early.run == late.run
    assert early.snapshots == 1
    assert "中文 👩‍👩‍👧 end." in early.html()
    assert '<a href="https://example.org"' in early.html(), "a link that is defined later"


def test_one_connection_has_all_runs_as_summaries_and_one_in_full(served):
    Reporter(served, "p1", "run1").open("m1")
    with browsing(served, "run1") as browser:
        wait_for(lambda: browser.run)
        other = Reporter(served, "p2", "run2")
        other.open("m2", "Bob")
        wait_for(lambda: "run2" in browser.runs)
        assert browser.runs["run2"]["agents"] == ["Bob"]
        assert set(browser.messages) == {"m1"}


def test_without_a_run_there_are_only_summaries(served):
    with browsing(served, None) as browser:
        Reporter(served).open()
        wait_for(lambda: browser.runs)
        assert not browser.messages


def test_a_browser_that_reconnects_continues_at_its_position(served):
    program = Reporter(served)
    program.open()
    first = Browser(served)
    wait_for(lambda: first.messages)
    program.text("one ", 0)
    wait_for(lambda: first.html() == "one ")
    position = first.leave()
    program.text("two", 4)

    with browsing(served, "run", position, first) as second:
        wait_for(lambda: second.html() == "one two")
        assert second.snapshots == 0


def test_text_in_a_snapshot_is_not_sent_again(served):
    program = Reporter(served)
    program.open()
    hub = served.studio.hub
    first = Browser(served)
    wait_for(lambda: first.messages)
    first.leave()

    async def update_and_snapshot_in_one_tick():
        hub.take(hub.producers["producer"], [frames.Text(message="m", offset=0, delta="one ")])
        return snapshot(hub, "run")

    taken = asyncio.run_coroutine_threadsafe(update_and_snapshot_in_one_tick(), hub._loop).result(LIMIT)
    first.messages = {"m": msgspec.json.decode(taken.messages[0])}
    assert first.html() == "one "
    with browsing(served, "run", taken.at, first) as browser:
        program.log.append(b"the frame above")
        program.text("two", 4)
        wait_for(lambda: browser.html() == "one two")
        assert browser.snapshots == 0


def test_an_unknown_or_old_position_gets_a_snapshot(served, monkeypatch):
    program = Reporter(served)
    program.open()
    position = served.run()["at"]
    monkeypatch.setattr(limits, "RING_TICKS", 3)
    write_story(program, story="eight ti" * 1, size=1)

    for away in (position, "0ther-3", "nonsense", f"{position}9"):
        with browsing(served, "run", away) as browser:
            wait_for(lambda b=browser: b.messages)
            assert (browser.snapshots, browser.html()) == (1, "eight ti")


def test_after_a_restart_the_text_is_the_same(tmp_path):
    served = Served(tmp_path)
    try:
        program = Reporter(served)
        program.open()
        write_story(program)
        before = Browser(served)
        wait_for(lambda: before.messages)
        served.stop()
        position = before.leave()
        served.start()
        with browsing(served, "run", position) as after:
            wait_for(lambda: after.messages)
            assert after.snapshots == 1
            assert after.html() == before.html()
            assert after.messages == before.messages
    finally:
        served.stop()


def test_a_browser_that_does_not_read_affects_no_other_and_misses_nothing(served, monkeypatch):
    monkeypatch.setattr(limits, "RING_BYTES", 200_000)
    program = Reporter(served)
    program.open()
    silent = socket.socket()
    silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    silent.connect(("127.0.0.1", served.port))
    silent.settimeout(LIMIT)
    silent.sendall(
        b"GET /v1/events?run=run HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer watch-token\r\n\r\n"
    )
    with browsing(served) as reader:
        text = ""
        for number in range(60):
            piece = f"{number} " + "x" * 60_000 + "\n\n"
            program.text(piece, len(text))
            text += piece
        program.close()
        reader.wait("m", "complete")
        assert len(served.studio.hub.ring._ticks) < 10
        received = b""
        while b'"state":"complete"' not in received[-4000:]:
            part = silent.recv(1 << 20)
            assert part
            received += part
    assert received.count(b"event: snapshot") == 2, "it got a second snapshot instead of a separate queue"
    silent.close()


def test_updates_arrive_within_a_tick_or_two(served):
    program = Reporter(served)
    program.open()
    with browsing(served) as browser:
        wait_for(lambda: browser.messages)
        began = time.monotonic()
        program.text("now", 0)
        wait_for(lambda: browser.html() == "now")
        assert time.monotonic() - began < 4


def test_an_incremental_tail_equals_the_tail_of_a_snapshot(served):
    program = Reporter(served)
    program.open()
    with browsing(served) as browser:
        write_story(program, story="# T\n\n\n```\nx\n```\n\n\nNow - and\n\n\n\nthen", size=1)
        wait_for(lambda: browser.messages["m"]["tail"] == "then")
        assert browser.html() == "".join(served.message()["blocks"]) + served.message()["tail"]


def test_older_messages_are_paged(served, monkeypatch):
    monkeypatch.setattr(limits, "SNAPSHOT", 3)
    program = Reporter(served)
    for number in range(8):
        program.open(f"m{number}")
        program.close(f"m{number}")

    latest = served.run()
    assert [message["id"] for message in latest["messages"]] == ["m5", "m6", "m7"]
    assert latest["earlier"]
    page = served.get("/v1/runs/run/messages?before=m5")
    assert ([message["id"] for message in page["messages"]], page["earlier"]) == (["m2", "m3", "m4"], True)
    page = served.get("/v1/runs/run/messages?before=m2")
    assert ([message["id"] for message in page["messages"]], page["earlier"]) == (["m0", "m1"], False)
    assert served.get("/v1/runs/run/messages?before=unknown")["messages"] == []


def test_runs_are_listed_latest_first_searched_and_paged(served):
    for number, name in enumerate(["alpha", "beta", "100% gamma", "beta two"]):
        program = Reporter(served, f"p{number}", f"run{number}")
        program.info = frames.RunInfo(f"run{number}", "proj", name, started=1000.0 + number)
        program.open()

    def ids(query=""):
        return [run["id"] for run in served.get(f"/v1/runs?{query}")["runs"]]

    assert ids() == ["run3", "run2", "run1", "run0"]
    assert ids("search=BETA") == ["run3", "run1"]
    assert ids("search=beta+two") == ["run3"]
    assert ids("search=0%25") == ["run2"], "a percent sign is not a wildcard"
    assert ids("search=alice&limit=2") == ["run3", "run2"], "names of agents are searched as well"
    assert served.get("/v1/runs?limit=2")["more"]
    assert ids("limit=2&before=run2") == ["run1", "run0"]
    assert served.request("GET", "/v1/runs?limit=0")[0] == 400


def test_unknown_paths_are_not_found(served):
    for path in ("/v1/runs/unknown", "/v1/events?run=unknown", "/v1/nothing", "/static/nothing.js"):
        status, reply, _ = served.request("GET", path)
        assert status == 404
        assert reply["error"]
