"""What AgentScope programs send, as plain requests. (With the real packages: tests/agentscope, by nox.)"""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from served import LIMIT, Served, wait_for

from modelstream_studio.agentscope import PATHS, program, routes
from modelstream_studio.agentscope.contents import contents_of
from modelstream_studio.frames import Call

pytest.importorskip("socketio", reason="needs modelstream-studio[agentscope]")


class Old:
    """A program that talks to AgentScope's Studio."""

    def __init__(self, served, run="r1"):
        self.served = served
        self.run = run
        self.packets = []

    def post(self, path, document, **headers):
        headers = {"content_type": "application/json", **headers}
        return self.served.ask("POST", path, role=None, body=json.dumps(document).encode(), **headers)[0]

    def register(self, **others):
        about = {"id": self.run, "project": "p", "name": "n", "timestamp": "2026-01-02 03:04:05", "pid": 1}
        return self.post("/trpc/registerRun", {**about, "status": "running", "run_dir": "", **others})

    def push(self, content, id_="m1", name="Bob", role="assistant"):
        msg = {"id": id_, "name": name, "role": role, "content": content, "metadata": {}, "timestamp": "x"}
        push = {"runId": self.run, "replyId": "reply", "name": "reply", "role": "assistant", "msg": msg}
        assert self.post("/trpc/pushMessage", push) == 200

    def message(self, id_="m1"):
        return self.served.message(id_, self.run)

    def text(self, id_="m1"):
        status, document, _ = self.served.ask("GET", f"/v1/runs/{self.run}/export.json")
        assert status == 200
        return next(one["text"] for one in document["messages"] if one["id"] == id_)

    def poll(self, sid=None, body=None):
        """One request of Socket.IO's polling; what came."""
        path = f"/socket.io/?EIO=4&transport=polling{f'&sid={sid}' if sid else ''}"
        method = "GET" if body is None else "POST"
        status, text, _ = self.served.ask(method, path, role=None, body=body and body.encode())
        assert status == 200, text
        return text

    def connect(self):
        """A socket in the namespace where programs wait for answers; its id."""
        sid = json.loads(self.poll()[1:])["sid"]
        self.poll(sid, '40/python,{"run_id": "%s"}' % self.run)  # noqa: UP031 - of braces there are enough
        first, *self.packets = self.poll(sid).split("\x1e")
        assert first.startswith("40/python,")
        return sid

    def answer(self, sid):
        """The next event with an answer, as the arguments that it has."""
        while not self.packets:
            self.packets = self.poll(sid).split("\x1e")
        packet = self.packets.pop(0)
        assert packet.startswith("42/python,"), packet
        return json.loads(packet.removeprefix("42/python,"))


@pytest.fixture
def old(tmp_path):
    served = Served(tmp_path, mounts=routes(), without_token=PATHS)
    yield Old(served)
    served.stop()


def test_whole_texts_become_one_growing_message(old):
    assert old.register() == 200
    for end in range(1, 12):
        old.push("Hello world"[:end])
    wait_for(lambda: old.text() == "Hello world")
    message = old.message()
    assert (message["name"], message["state"]) == ("Bob", "live")
    run = old.served.run("r1")["run"]
    assert (run["project"], run["name"], run["pid"], run["state"]) == ("p", "n", 1, "live")


def test_a_text_that_is_another_takes_the_place_of_the_first(old):
    old.push("Hello")
    old.push("Good bye")
    wait_for(lambda: old.text() == "Good bye")


def test_the_next_message_of_the_agent_ends_the_one_before(old):
    old.push("one", "m1")
    old.push("elsewhere", "other", name="Ann")
    old.push("two", "m2")
    wait_for(lambda: old.message("m1")["state"] == "complete")
    assert (old.message("other")["state"], old.message("m2")["state"]) == ("live", "live")


def test_a_quiet_message_is_complete_and_one_that_grows_goes_on(old, monkeypatch):
    monkeypatch.setattr(program, "QUIET", 0.2)
    monkeypatch.setattr(program, "WATCH", 0.05)
    old.push("Hel")
    wait_for(lambda: old.message()["state"] == "complete")
    monkeypatch.setattr(program, "QUIET", 60.0)
    old.push("Hello")
    wait_for(lambda: old.message()["state"] == "live")
    wait_for(lambda: old.text() == "Hello")


def test_a_program_that_is_gone_is_over(old, monkeypatch):
    monkeypatch.setattr(program, "WATCH", 0.05)
    pid = os.posix_spawn("/bin/sleep", ["sleep", "60"], {}) if os.name == "posix" else pytest.skip("no POSIX")
    old.register(pid=pid)
    old.push("Hel")
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    wait_for(lambda: old.served.run("r1")["run"]["state"] == "finished")
    assert old.message()["state"] == "complete"


def test_blocks_of_all_kinds(old):
    blocks = [
        {"type": "thinking", "thinking": "hm"},
        {"type": "text", "text": "Let me see."},
        {"type": "tool_use", "id": "c", "name": "find", "input": {"q": "x"}},
    ]
    old.push(blocks[:1])
    old.push(blocks[:2])
    old.push(blocks)
    old.push("next", "m2")
    wait_for(lambda: old.message()["state"] == "complete")
    message = old.message()
    assert (old.text(), message["reasoning"]) == ("Let me see.", "hm")
    (call,) = message["tool_calls"]
    assert (call["id"], call["name"], json.loads(call["arguments"])) == ("c", "find", {"q": "x"})


@pytest.mark.parametrize("in_a_record", [True, False])
def test_what_a_model_has_used_belongs_to_the_message_that_grew_last(old, in_a_record):
    old.push("there", "other", name="Ann")
    old.push("Hello")
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    usage = {"id": "x", "usage": usage} if in_a_record else usage
    invocation = {"id": "i", "runId": "r1", "modelName": "m", "arguments": {}, "response": {}, "usage": usage}
    assert old.post("/trpc/pushModelInvocation", invocation) == 200
    wait_for(lambda: old.message()["usage"])
    assert old.message("other")["usage"] is None
    run = old.served.run("r1")["run"]
    assert (run["input_tokens"], run["output_tokens"]) == (3, 4)


def test_the_first_version_of_the_requests(old):
    about = {"run_id": "r1", "project": "p", "name": "n", "timestamp": "t", "run_dir": None, "pid": 1}
    assert old.post("/api/runs/register", about) == 200
    for text in ("Hel", "Hello"):
        said = {"run_id": "r1", "id": "m1", "name": "Bob", "role": "assistant", "content": text, "url": None}
        assert old.post("/api/messages/push", said) == 200
    wait_for(lambda: old.text() == "Hello")


def test_the_users_answer_goes_back(old):
    old.register()
    sid = old.connect()
    asked = {"requestId": "q1", "runId": "r1", "agentId": "a", "agentName": "User", "structuredInput": None}
    assert old.post("/trpc/requestUserInput", asked) == 200
    wait_for(lambda: old.served.run("r1")["questions"])
    assert old.served.post("/v1/answer", {"q": "q1", "value": "blue"}) == 200
    name, request, blocks, structured = old.answer(sid)
    assert (name, request, structured) == ("forwardUserInput", "q1", None)
    assert blocks == [{"type": "text", "text": "blue"}]
    wait_for(lambda: old.served.run("r1")["questions"][0]["state"] == "answered")


def test_an_answer_waits_until_the_program_is_connected(old):
    old.register()
    asked = {
        "requestId": "q1",
        "runId": "r1",
        "agentId": "a",
        "agentName": "U",
        "structuredInput": {"type": "object"},
    }
    old.post("/trpc/requestUserInput", asked)
    assert old.served.post("/v1/answer", {"q": "q1", "value": {"color": "blue"}}) == 200
    assert old.answer(old.connect())[3] == {"color": "blue"}


def test_studio_goes_on_where_it_was_after_a_restart(old):
    old.register()
    old.push("before ")
    wait_for(lambda: old.text() == "before ")
    old.served.stop()
    old.served = Served(old.served.db.parent, mounts=routes(), without_token=PATHS)
    old.push("before and after")
    wait_for(lambda: old.text() == "before and after")
    assert old.served.run("r1")["run"]["project"] == "p"


def test_studio_stops_though_a_program_waits(old):
    old.register()
    sid = old.connect()
    with ThreadPoolExecutor() as executor:
        path = f"/socket.io/?EIO=4&transport=polling&sid={sid}"
        waiting = executor.submit(old.served.ask, "GET", path, role=None)
        began = time.monotonic()
        old.served.stop()
        assert time.monotonic() - began < LIMIT / 2
        assert waiting.result(LIMIT)[0] == 503
    old.served.start()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://evil.example"}, 403),
        ({"host": "evil.example"}, 421),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_pages_from_elsewhere_are_refused(old, headers, status):
    for path in ("/trpc/registerRun", "/trpc/pushMessage", "/api/runs/register", "/api/messages/push"):
        assert old.post(path, {"id": "r1"}, **headers) == status


def test_what_is_not_agentscopes_is_refused(old):
    for path, document in {
        "/trpc/registerRun": {},
        "/trpc/pushMessage": {"runId": 7, "msg": {}},
        "/trpc/requestUserInput": [],
        "/trpc/pushModelInvocation": "x",
    }.items():
        assert old.post(path, document) == 400
    assert old.post("/trpc/other", {}) == 404
    assert old.served.get("/v1/runs")["runs"] == []


def test_traces_are_taken_without_a_word(old):
    status, _, _ = old.served.ask(
        "POST", "/v1/traces", role=None, body=b"\x0a", content_type="application/x-protobuf"
    )
    assert status == 200


def test_without_the_option_nothing_of_it_is_there(served):
    for path in ("/trpc/registerRun", "/api/runs/register", "/socket.io/"):
        assert served.ask("POST", path, role="watch", body=b"{}")[0] == 404


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, ""),
        ("plain", "plain"),
        ({"a": 1}, '{"a": 1}'),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "a\nb"),
        ([{"type": "image", "source": {"type": "url", "url": "http://x/y.png"}}], "[image: http://x/y.png]"),
        ([{"type": "image", "source": {"type": "base64", "data": "xx"}}], "[image]"),
        ([{"type": "tool_result", "name": "f", "output": "a ``` b"}], "f →\n\n````\na ``` b\n````\n"),
        (["odd", 7, {"type": "unknown"}], ""),
    ],
)
def test_contents(content, text):
    assert contents_of(content).text == text


def test_calls_in_contents():
    blocks = [{"type": "tool_use", "id": "c", "name": "f", "input": {}, "raw_input": '{"x'}]
    assert contents_of(blocks).calls == (Call("c", "f", '{"x'),)
