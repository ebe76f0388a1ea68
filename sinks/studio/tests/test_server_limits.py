"""A runaway producer does not affect others."""

from __future__ import annotations

import time

import pytest
from served import Reporter, wait_for

from modelstream_studio import frames
from modelstream_studio.server import limits


def test_names_are_cut(served):
    program = Reporter(served)
    long = "x" * 100_000
    program.info = frames.RunInfo("run", long, long, long)
    program.open(name=long, model_name=long, role=long, agent=long, metadata={"a": long})
    program.close(state="failed", finish_reason=long, error=frames.Failure(long, long))
    program.report(frames.Ask(question="q", name=long, prompt=long, at=1.0, schema={"a": long}))

    snapshot = served.run()
    (message,) = snapshot["messages"]
    run = snapshot["run"]
    names = [run["project"], run["name"], run["program"], run["agents"][0]]
    names += [message["name"], message["model_name"], message["role"], message["agent"]]
    names += [message["finish_reason"], message["error"]["type"]]
    assert {len(name) for name in names} == {limits.NAME}
    assert len(message["error"]["message"]) == limits.PROMPT
    assert message["metadata"] == {}
    assert snapshot["questions"][0]["schema"] is None
    assert len(snapshot["questions"][0]["prompt"]) == limits.PROMPT


def test_very_long_text_is_cut_and_counted(served, monkeypatch):
    monkeypatch.setattr(limits, "TEXT", 100)
    program = Reporter(served)
    program.open()
    for at in range(0, 300, 60):
        program.text("y" * 60, at)
    program.report(frames.Reasoning(message="m", offset=0, delta="z" * 500))
    program.close()

    message = served.message()
    assert message["blocks"] == [f"<p>{'y' * 100}</p>\n"]
    assert message["gap"] == 200
    assert len(message["reasoning"]) == 100


def test_tool_calls_are_bounded(served, monkeypatch):
    monkeypatch.setattr(limits, "ARGUMENTS", 10)
    monkeypatch.setattr(limits, "TOOL_CALLS", 2)
    program = Reporter(served)
    program.open()
    program.report(*(frames.Tool(message="m", index=index, name="f", delta="x" * 50) for index in range(5)))
    assert [call["arguments"] for call in served.message()["tool_calls"]] == ["x" * 10] * 2


@pytest.mark.parametrize("kind", ["messages", "questions"])
def test_open_messages_and_questions_are_bounded(served, monkeypatch, kind):
    monkeypatch.setattr(limits, f"OPEN_{kind.upper()}", 3)
    program = Reporter(served)
    new_frames = [frames.Open(message=f"m{n}", name="A", at=1.0) for n in range(5)]
    if kind == "questions":
        new_frames = [frames.Ask(question=f"q{n}", name="A", prompt="?", at=1.0) for n in range(5)]
    program.log = list(map(frames.encode, new_frames))
    status, reply, _ = program.send(1, 5)
    assert (status, reply["persisted"]) == (200, 5)
    assert [refusal["n"] for refusal in reply["refused"]] == [4, 5]
    assert len(served.run()[kind]) == 3


def test_producers_are_bounded(served, monkeypatch):
    monkeypatch.setattr(limits, "PRODUCERS", 2)
    for number in range(2):
        Reporter(served, f"p{number}").send(1, 0)
    status, _, headers = Reporter(served, "p2").send(1, 0)
    assert status == 429
    assert int(headers["retry-after"]) >= 1
    assert Reporter(served, "p1").send(1, 0)[0] == 200, "known producers continue"


def test_a_producer_that_sends_too_much_has_to_wait_and_others_not(served, monkeypatch):
    monkeypatch.setattr(limits, "RATE", 20_000)
    monkeypatch.setattr(limits, "BURST", 200_000)
    fast, slow = Reporter(served, "fast", "r1"), Reporter(served, "slow", "r2")
    fast.open()
    at = 0
    while True:
        fast.log.append(frames.encode(frames.Text(message="m", offset=at, delta="x" * 50_000)))
        status, _, headers = fast.send(len(fast.log), len(fast.log))
        if status == 429:
            break
        at += 50_000
        assert at < 1_000_000
    assert int(headers["retry-after"]) >= 1
    assert slow.open() == 1
    wait_for(lambda: fast.send(len(fast.log), len(fast.log))[0] == 200)


def test_a_bucket_refills():
    bucket = limits.Bucket(rate=1000, burst=10)
    assert bucket.take(10) == 0
    wait = bucket.take(5)
    assert 0 < wait <= 0.005
    time.sleep(wait + 0.001)
    assert bucket.take(5) == 0


def test_a_database_that_cannot_be_written_loses_nothing(served, monkeypatch):
    """While the disk is full, nothing is reported as persisted that is not."""
    program = Reporter(served)
    program.open()
    store = served.studio.hub.store
    served._store.failure = "database or disk is full"
    status, reply, headers = program.send(2, 1)
    assert status == 503
    assert "disk is full" in reply["error"]
    assert headers["retry-after"] == "1"
    store.failure = None
    assert program.text("on", 0) == 2


def test_frames_with_invalid_values_are_refused(served):
    program = Reporter(served)
    program.open()
    huge = str(1 << 62).encode()
    program.log += [
        b'{"k":"text","m":"m","o":%s,"d":"x"}' % huge,
        b'{"k":"text","m":"m","o":-1,"d":"x"}',
        b'{"k":"gap","m":"m","lost":%s}' % huge,
        b'{"k":"gap","m":"m","lost":-5}',
        b'{"k":"usage","m":"m","usage":{"input_tokens":%s}}' % huge,
        b'{"k":"open","m":"m2","name":"x","at":1e300}',
        b'{"k":"open","m":"","name":"x","at":1}',
        b'{"k":"open","m":"%s","name":"x","at":1}' % (b"x" * 201),
        b'{"k":"open","m":"m3","name":"\\ud800","at":1}',
        b'{"k":"text","m":"m","o":0,"d":"a\\u0000b","at":1}',
    ]
    status, reply, _ = program.send(2, 11)
    assert (status, reply["persisted"]) == (200, 11)
    assert [refusal["n"] for refusal in reply["refused"]] == list(range(2, 11))
    assert served.message()["tail"] == "a\0b"
    assert program.text("c", 3) == 12


def test_a_write_that_always_fails_does_not_block_others(served, caplog):
    program = Reporter(served)
    program.open()
    served.studio.hub.store.write([("INSERT INTO runs(id) VALUES(?)", (1 << 70,))])
    assert program.text("goes on", 0) == 2
    assert served.message()["tail"] == "goes on"
    assert "can't be written" in caplog.text


def test_a_disk_that_is_full_for_a_while(studio_process):
    resource = pytest.importorskip("resource")
    if not hasattr(resource, "prlimit"):
        pytest.skip("a full disk is simulated with a limit of Linux")
    studio = studio_process()
    program = Reporter(studio)
    program.open()
    resource.prlimit(studio.process.pid, resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    at = 0
    while True:
        program.log.append(frames.encode(frames.Text(message="m", offset=at, delta="word " * 4000)))
        at += 20_000
        status, reply, _ = program.send(len(program.log), len(program.log))
        if status != 200:
            break
    assert status == 503
    assert "database" in reply["error"]
    resource.prlimit(studio.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    wait_for(lambda: program.send(len(program.log), len(program.log))[0] == 200)
    program.close()

    (message,) = studio.get("/v1/runs/run/export.json")["messages"]
    assert message["text"] == "word " * (at // 5)
