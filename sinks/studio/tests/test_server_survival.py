"""The text is correct although Studio is killed and batches are lost or sent twice."""

from __future__ import annotations

import http.client
import threading
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from served import LIMIT, Browser, Reporter, Served, wait_for

from modelstream_studio import frames

pytestmark = pytest.mark.timeout(120)


def test_all_that_was_confirmed_survives_kills_while_messages_are_written(studio_process):
    studio = studio_process()
    program = Reporter(studio)
    messages = [f"m{number}" for number in range(5)]
    texts = dict.fromkeys(messages, "")
    for m in messages:
        program.open(m)

    def write(pieces):
        for number in pieces:
            for m in messages:
                piece = f"{number} **{m}** 中文\n\n" if number % 7 == 0 else f"word {number} "
                program.log.append(
                    b'{"k":"text","m":"%s","o":%d,"d":"%s","at":1}'
                    % (m.encode(), len(texts[m]), piece.replace("\n", "\\n").encode())
                )
                texts[m] += piece

    persisted = 5
    for turn in range(4):
        write(range(turn * 50, turn * 50 + 50))
        status, reply, _ = program.send(persisted + 1, len(program.log) - 60)
        assert status == 200
        persisted = reply["persisted"]
        # These frames are sent when it is killed, and were not confirmed.
        last = threading.Thread(target=send_quietly, args=(program, persisted + 1))
        last.start()
        studio.kill()
        last.join()
        studio.start()
        assert program.send(len(program.log) + 1, 0)[1]["persisted"] >= persisted
        for m in messages:
            shown = studio.message(m)
            assert shown["state"] == "live"
            assert texts[m][: shown["text_length"]].endswith(shown["tail"])
        status, reply, _ = program.send(persisted + 1, len(program.log))
        assert reply == {"persisted": len(program.log)}
        persisted = len(program.log)
    for m in messages:
        program.close(m)

    exported = studio.get("/v1/runs/run/export.json")
    assert {message["id"]: message["text"] for message in exported["messages"]} == texts


def send_quietly(program, first):
    """Sends all frames from `first` on, and ignores a missing response."""
    with suppress(OSError, http.client.HTTPException):
        program.send(first, len(program.log))


def test_a_browser_recovers_after_a_kill(studio_process):
    studio = studio_process()
    program = Reporter(studio)
    program.open()
    program.text("before, ", 0)
    browser = Browser(studio)
    wait_for(lambda: browser.messages)
    studio.kill()
    position = browser.leave()
    studio.start()
    program.text("after", 8)

    browser = Browser(studio, "run", position)
    wait_for(lambda: browser.messages)
    assert browser.html() == "before, after"
    browser.leave()


def test_a_producer_that_sends_megabytes_does_not_block_others(served, monkeypatch):
    late, other = Reporter(served, "late", "late"), Reporter(served, "other", "other")
    other.open("m2")
    story = "## Much\n\nwas **said** while Studio was away, in all these words.\n\n- one\n- two\n\n" * 200
    texts = [frames.Text(message="m", offset=n * len(story), delta=story, at=1.0) for n in range(25)]
    opening = frames.Open(message="m", name="Late", at=1.0)
    late.log = [frames.encode(line) for line in (opening, *texts)]
    hub = served.studio.hub
    take, taken, in_the_middle, resume = hub.take, [], threading.Event(), threading.Event()

    def recording_take(producer, new_frames):
        taken.append(producer.id)
        if len(taken) == 2:
            in_the_middle.set()
            assert resume.wait(LIMIT)
        return take(producer, new_frames)

    monkeypatch.setattr(hub, "take", recording_take)
    replies = []
    catching_up = [threading.Thread(target=lambda: replies.append(late.send(1, 26)[:2])) for _ in range(2)]
    for thread in catching_up:
        thread.start()
    assert in_the_middle.wait(LIMIT)
    other.log.append(frames.encode(frames.Text(message="m2", offset=0, delta="x", at=1.0)))
    connection = other.begin(2, 2)
    resume.set()
    assert connection.getresponse().status == 200
    connection.close()
    for thread in catching_up:
        thread.join(LIMIT)
    # Counts portions, since their duration depends on the machine.
    assert taken.index("other") < len(taken) * 0.75, taken
    assert late.send(2, 26)[:2] == (200, {"persisted": 26})
    (message,) = served.get("/v1/runs/late/export.json")["messages"]
    assert message["text"] == story * 25, "although it was sent twice at the same time"


PIECES = ["Hello ", "**you** ", "\n\n", "- a\n", "中", "👩‍👩‍👧", "`x`", "# T\n"]
WORDS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=12)


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(WORDS, st.data())
def test_text_that_is_sent_repeatedly_is_stored_once(tmp_path_factory, words, data):
    served = Served(tmp_path_factory.mktemp("studio"))
    try:
        program = Reporter(served)
        lines = [frames.Open(message="m", name="A", at=1.0)]
        at = 0
        for word in words:
            lines.append(frames.Text(message="m", offset=at, delta=word, at=1.0))
            at += len(word)
        lines.append(frames.Close(message="m", state="complete", at=2.0))
        program.log = list(map(frames.encode, lines))
        persisted = 0
        while persisted < len(lines):
            action = data.draw(
                st.sampled_from(["next", "next", "next", "again", "again", "too far", "restart"])
            )
            if action == "restart":
                served.stop()
                served.start()
                continue
            first = {
                "next": persisted + 1,
                "again": data.draw(st.integers(1, persisted + 1)),
                "too far": persisted + 2,
            }[action]
            last = data.draw(st.integers(min(max(first, persisted + 1), len(lines)), len(lines)))
            status, reply, _ = program.send(first, last)
            assert status == (409 if action == "too far" else 200)
            assert reply["persisted"] >= persisted
            persisted = reply["persisted"]
        (exported,) = served.get("/v1/runs/run/export.json")["messages"]
        assert exported["text"] == "".join(words)
        assert exported["state"] == "complete"
    finally:
        served.stop()
