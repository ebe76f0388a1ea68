"""Answers through the real LiteLLM."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from modelstream.errors import (
    ConfigError,
    StreamError,
    TruncatedStreamError,
)
from modelstream.testing.server import Answer
from modelstream_litellm import LiteLLMChat

# LiteLLM and its SDKs leave coroutines and sockets to the collector, and use deprecated functions.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(30)]


def test_B42_a_call(server, model_of, read, capfd):
    got = read(model_of(), temperature=0.5)
    assert got.snapshots == [(False, "Hel"), (False, "Hello"), (True, "Hello")]
    assert (got.usage.input_tokens, got.usage.output_tokens) == (3, 2)
    assert got.finish_reason == "stop"
    sent = server.requests[-1]
    assert sent.headers["authorization"] == "Bearer k"
    assert (sent.json["model"], sent.json["stream"], sent.json["temperature"]) == ("m", True, 0.5)
    assert capfd.readouterr().out == ""


def test_a_provider_for_which_litellm_uses_its_own_code(server, other_of, read, wire):
    server.play(wire.lines)
    got = read(other_of())
    assert got.error is None
    assert got.snapshots[-1] == (True, "Hello")
    assert got.finish_reason == "stop"


def test_B30_not_streamed(server, model_of):
    message = {"role": "assistant", "content": "Hello"}
    choice = {"index": 0, "message": message, "finish_reason": "length"}
    body = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    server.play(
        Answer.of_json({**body, "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}})
    )
    response = model_of()("hi", stream=False)
    assert (response.stream, response.text, response.finish_reason) == (None, "Hello", "length")
    assert response.usage.total_tokens == 5


@pytest.mark.parametrize("pieces", [[], ["Hel", "lo"]], ids=["empty", "cut"])
def test_B06_B18_a_missing_finish_is_not_invented(server, model_of, read, wire, pieces):
    server.play(Answer([wire.text(piece) for piece in pieces]))
    got = read(model_of())
    assert not any(snapshot.last for snapshot in got.snapshots)
    assert type(got.error) is TruncatedStreamError
    assert got.error.partial_text == "".join(pieces)


@pytest.mark.parametrize("pieces", [[], ["Hel", "lo"]], ids=["empty", "cut"])
def test_B06_B18_a_finish_that_litellm_invents_is_not_passed_on(server, other_of, read, wire, pieces):
    lines = [wire.line(piece) for piece in pieces]
    server.play(Answer(lines, headers={"Content-Type": "application/x-ndjson"}))
    got = read(other_of())
    assert not any(snapshot.last for snapshot in got.snapshots)
    assert isinstance(got.error, StreamError)
    assert got.error.partial_text == "".join(pieces)


@pytest.mark.parametrize("shape", ["openai", "other"])
def test_B16_an_error_in_the_middle_keeps_the_text_and_prints_no_banner(
    *, server, model_of, other_of, read, wire, capfd, shape
):
    error = {"error": {"message": "overloaded", "type": "x", "code": "y"}}
    if shape == "openai":
        server.play(Answer([wire.text("Hello"), wire.event(error)]))
    else:
        line = json.dumps({"error": "overloaded"}).encode() + b"\n"
        server.play(Answer([wire.line("Hello"), line], headers={"Content-Type": "application/x-ndjson"}))
    got = read(model_of() if shape == "openai" else other_of())
    assert got.snapshots == [(False, "Hello")]
    assert isinstance(got.error, StreamError)
    assert "overloaded" in str(got.error)
    assert got.error.partial_text == "Hello"
    assert capfd.readouterr().out == ""


def test_a_chunk_may_repeat(server, model_of, other_of, read, wire):
    server.play(Answer([*[wire.text("ab ")] * 150, wire.text(None, "stop"), wire.done]))
    assert read(model_of()).snapshots[-1] == (True, "ab " * 150)
    end = wire.line(done=True, done_reason="stop")
    server.play(Answer([*[wire.line("ab ")] * 150, end], headers={"Content-Type": "application/x-ndjson"}))
    assert read(other_of()).snapshots[-1] == (True, "ab " * 150)


def test_B08_B10_reasoning_and_tool_calls(server, model_of, read, wire):
    call = {
        "index": 0,
        "id": "call_1",
        "type": "function",
        "function": {"name": "f", "arguments": '{"x": 2}'},
    }
    frames = [wire.text(None, reasoning_content="hm"), wire.text(None, tool_calls=[call])]
    server.play(Answer([*frames, wire.text(None, "tool_calls"), wire.done]))
    got = read(model_of())
    assert (got.reasoning, got.snapshots) == ("hm", [(True, "")])
    assert [(call.id, call.name, call.arguments) for call in got.tool_calls] == [("call_1", "f", '{"x": 2}')]


def test_B11_B13_empty_pieces_and_length(server, model_of, read, wire):
    pieces = [wire.text(""), wire.text("Hel"), wire.text(""), wire.text(None), wire.text("lo")]
    server.play(Answer([*pieces, wire.text(None, "length"), wire.done]))
    got = read(model_of())
    assert got.snapshots == [(False, "Hel"), (False, "Hello"), (True, "Hello")]
    assert (got.finish_reason, got.usage) == ("length", None)


def test_a_model_name_is_required():
    with pytest.raises(ConfigError, match="model_name"):
        LiteLLMChat({})


def test_a_config_of_agentscope(server):
    config = {
        "config_name": "openai/m",
        "model_type": "litellm_chat",
        "stream": True,
        "generate_args": {"api_base": f"{server.url}/v1", "api_key": "k"},
    }
    assert LiteLLMChat(config)("hi").text == "Hello"


@pytest.mark.timeout(150)
def test_nothing_is_imported_before_the_first_call_and_nothing_is_fetched():
    program = """
import sys, socket
from modelstream_litellm import LiteLLMChat
LiteLLMChat({"model_name": "openai/m"})
assert "litellm" not in sys.modules and "openai" not in sys.modules
def refuse(*_): raise AssertionError("a connection was tried")
socket.socket.connect = refuse
from modelstream_litellm.sdk import litellm
litellm()
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LITELLM")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
