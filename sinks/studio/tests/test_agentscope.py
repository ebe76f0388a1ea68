"""Plain requests as AgentScope programs send them; test_agentscope_programs uses the real packages."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from served import LIMIT, Served, wait_for

from modelstream_studio.agentscope import PATHS, routes
from modelstream_studio.agentscope import program as programs
from modelstream_studio.agentscope.contents import contents_of
from modelstream_studio.frames import Call

pytest.importorskip("socketio", reason="needs modelstream-studio[agentscope]")


class AgentScopeProgram:
    """A program that uses the protocol of AgentScope's Studio."""

    def __init__(self, served, run="r1"):
        self.served = served
        self.run = run
        self.packets = []

    def post(self, path, document, **headers):
        headers = {"content_type": "application/json", **headers}
        return self.served.request("POST", path, role=None, body=json.dumps(document).encode(), **headers)[0]

    def register(self, **fields):
        run = {"id": self.run, "project": "p", "name": "n", "timestamp": "2026-01-02 03:04:05", "pid": 1}
        return self.post("/trpc/registerRun", {**run, "status": "running", "run_dir": "", **fields})

    def push(self, content, id_="m1", name="Bob", role="assistant"):
        msg = {"id": id_, "name": name, "role": role, "content": content, "metadata": {}, "timestamp": "x"}
        push = {"runId": self.run, "replyId": "reply", "name": "reply", "role": "assistant", "msg": msg}
        assert self.post("/trpc/pushMessage", push) == 200

    def message(self, id_="m1"):
        return self.served.message(id_, self.run)

    def text(self, id_="m1"):
        status, document, _ = self.served.request("GET", f"/v1/runs/{self.run}/export.json")
        assert status == 200
        return next(message["text"] for message in document["messages"] if message["id"] == id_)

    def poll(self, sid=None, body=None):
        """Sends one polling request of Socket.IO and returns the body."""
        path = f"/socket.io/?EIO=4&transport=polling{f'&sid={sid}' if sid else ''}"
        method = "GET" if body is None else "POST"
        status, text, _ = self.served.request(method, path, role=None, body=body and body.encode())
        assert status == 200, text
        return text

    def connect(self):
        """Opens a socket in the namespace where programs wait for answers, and returns its id."""
        sid = json.loads(self.poll()[1:])["sid"]
        self.poll(sid, '40/python,{"run_id": "%s"}' % self.run)  # noqa: UP031 - the text has many braces
        first, *self.packets = self.poll(sid).split("\x1e")
        assert first.startswith("40/python,")
        return sid

    def answer(self, sid):
        """The arguments of the next event with an answer."""
        while not self.packets:
            self.packets = self.poll(sid).split("\x1e")
        packet = self.packets.pop(0)
        assert packet.startswith("42/python,"), packet
        return json.loads(packet.removeprefix("42/python,"))


@pytest.fixture
def program(tmp_path):
    served = Served(tmp_path, mounts=routes(), without_token=PATHS)
    yield AgentScopeProgram(served)
    served.stop()


def test_whole_texts_become_one_growing_message(program):
    assert program.register() == 200
    for end in range(1, 12):
        program.push("Hello world"[:end])
    wait_for(lambda: program.text() == "Hello world")
    message = program.message()
    assert (message["name"], message["state"]) == ("Bob", "live")
    run = program.served.run("r1")["run"]
    assert (run["project"], run["name"], run["pid"], run["state"]) == ("p", "n", 1, "live")


def test_a_text_that_does_not_extend_the_first_replaces_it(program):
    program.push("Hello")
    program.push("Good bye")
    wait_for(lambda: program.text() == "Good bye")


def test_the_next_message_of_an_agent_ends_the_previous_one(program):
    program.push("one", "m1")
    program.push("elsewhere", "other", name="Ann")
    program.push("two", "m2")
    wait_for(lambda: program.message("m1")["state"] == "complete")
    assert (program.message("other")["state"], program.message("m2")["state"]) == ("live", "live")


def test_a_quiet_message_is_complete_and_continues_if_it_grows(program, monkeypatch):
    monkeypatch.setattr(programs, "QUIET", 0.2)
    monkeypatch.setattr(programs, "WATCH", 0.05)
    program.push("Hel")
    wait_for(lambda: program.message()["state"] == "complete")
    monkeypatch.setattr(programs, "QUIET", 60.0)
    program.push("Hello")
    wait_for(lambda: program.message()["state"] == "live")
    wait_for(lambda: program.text() == "Hello")


def test_a_program_that_has_ended(program, monkeypatch):
    monkeypatch.setattr(programs, "WATCH", 0.05)
    pid = os.posix_spawn("/bin/sleep", ["sleep", "60"], {}) if os.name == "posix" else pytest.skip("no POSIX")
    program.register(pid=pid)
    program.push("Hel")
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    wait_for(lambda: program.served.run("r1")["run"]["state"] == "finished")
    assert program.message()["state"] == "complete"


def test_blocks_of_all_kinds(program):
    blocks = [
        {"type": "thinking", "thinking": "hm"},
        {"type": "text", "text": "Let me see."},
        {"type": "tool_use", "id": "c", "name": "find", "input": {"q": "x"}},
    ]
    program.push(blocks[:1])
    program.push(blocks[:2])
    program.push(blocks)
    program.push("next", "m2")
    wait_for(lambda: program.message()["state"] == "complete")
    message = program.message()
    assert (program.text(), message["reasoning"]) == ("Let me see.", "hm")
    (call,) = message["tool_calls"]
    assert (call["id"], call["name"], json.loads(call["arguments"])) == ("c", "find", {"q": "x"})


@pytest.mark.parametrize("in_a_record", [True, False])
def test_usage_belongs_to_the_message_that_grew_last(program, in_a_record):
    program.push("there", "other", name="Ann")
    program.push("Hello")
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    usage = {"id": "x", "usage": usage} if in_a_record else usage
    invocation = {"id": "i", "runId": "r1", "modelName": "m", "arguments": {}, "response": {}, "usage": usage}
    assert program.post("/trpc/pushModelInvocation", invocation) == 200
    wait_for(lambda: program.message()["usage"])
    assert program.message("other")["usage"] is None
    run = program.served.run("r1")["run"]
    assert (run["input_tokens"], run["output_tokens"]) == (3, 4)


def test_the_first_version_of_the_requests(program):
    run = {"run_id": "r1", "project": "p", "name": "n", "timestamp": "t", "run_dir": None, "pid": 1}
    assert program.post("/api/runs/register", run) == 200
    for text in ("Hel", "Hello"):
        message = {
            "run_id": "r1",
            "id": "m1",
            "name": "Bob",
            "role": "assistant",
            "content": text,
            "url": None,
        }
        assert program.post("/api/messages/push", message) == 200
    wait_for(lambda: program.text() == "Hello")


def test_the_answer_of_the_user_is_sent_to_the_program(program):
    program.register()
    sid = program.connect()
    question = {
        "requestId": "q1",
        "runId": "r1",
        "agentId": "a",
        "agentName": "User",
        "structuredInput": None,
    }
    assert program.post("/trpc/requestUserInput", question) == 200
    wait_for(lambda: program.served.run("r1")["questions"])
    assert program.served.post("/v1/answer", {"q": "q1", "value": "blue"}) == 200
    name, request, blocks, structured = program.answer(sid)
    assert (name, request, structured) == ("forwardUserInput", "q1", None)
    assert blocks == [{"type": "text", "text": "blue"}]
    wait_for(lambda: program.served.run("r1")["questions"][0]["state"] == "answered")


def test_an_answer_waits_until_the_program_is_connected(program):
    program.register()
    question = {
        "requestId": "q1",
        "runId": "r1",
        "agentId": "a",
        "agentName": "U",
        "structuredInput": {"type": "object"},
    }
    program.post("/trpc/requestUserInput", question)
    assert program.served.post("/v1/answer", {"q": "q1", "value": {"color": "blue"}}) == 200
    assert program.answer(program.connect())[3] == {"color": "blue"}


def test_a_message_continues_after_a_restart_of_studio(program):
    program.register()
    program.push("before ")
    wait_for(lambda: program.text() == "before ")
    program.served.stop()
    program.served = Served(program.served.db.parent, mounts=routes(), without_token=PATHS)
    program.push("before and after")
    wait_for(lambda: program.text() == "before and after")
    assert program.served.run("r1")["run"]["project"] == "p"


def test_studio_stops_although_a_program_waits(program):
    program.register()
    sid = program.connect()
    with ThreadPoolExecutor() as executor:
        path = f"/socket.io/?EIO=4&transport=polling&sid={sid}"
        request = executor.submit(program.served.request, "GET", path, role=None)
        began = time.monotonic()
        program.served.stop()
        assert time.monotonic() - began < LIMIT / 2
        assert request.result(LIMIT)[0] == 503
    program.served.start()


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
def test_requests_of_foreign_pages_are_rejected(program, headers, status):
    for path in ("/trpc/registerRun", "/trpc/pushMessage", "/api/runs/register", "/api/messages/push"):
        assert program.post(path, {"id": "r1"}, **headers) == status


def test_invalid_requests_are_rejected(program):
    for path, document in {
        "/trpc/registerRun": {},
        "/trpc/pushMessage": {"runId": 7, "msg": {}},
        "/trpc/requestUserInput": [],
        "/trpc/pushModelInvocation": "x",
    }.items():
        assert program.post(path, document) == 400
    assert program.post("/trpc/other", {}) == 404
    assert program.served.get("/v1/runs")["runs"] == []


def test_traces_are_accepted_and_ignored(program):
    status, _, _ = program.served.request(
        "POST", "/v1/traces", role=None, body=b"\x0a", content_type="application/x-protobuf"
    )
    assert status == 200


def test_without_the_option_the_routes_do_not_exist(served):
    for path in ("/trpc/registerRun", "/api/runs/register", "/socket.io/"):
        assert served.request("POST", path, role="watch", body=b"{}")[0] == 404


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
        (["text", 7, {"type": "unknown"}], ""),
    ],
)
def test_contents(content, text):
    assert contents_of(content).text == text


def test_calls_in_contents():
    blocks = [{"type": "tool_use", "id": "c", "name": "f", "input": {}, "raw_input": '{"x'}]
    assert contents_of(blocks).calls == (Call("c", "f", '{"x'),)
