"""Ollama gets the model's thinking back, in a second turn from a new process."""

from __future__ import annotations

import json

import pytest

from modelstream import Msg
from modelstream.testing.server import LoopbackServer
from modelstream.testing.turns import call_in_new_process

CALL = {"function": {"name": "look", "arguments": {"n": 1}}}


def _next_turn(model, server, message):
    messages = [{"role": "user", "content": "hi"}, message]
    messages += [
        {"role": "tool", "tool_call_id": call["id"], "content": "a cat"}
        for call in message.get("tool_calls", ())
    ]
    fields = {"model_name": "m", "host": model.config.host, "transport": model.config.transport}
    call_in_new_process({"model_type": "ollama_chat", **fields}, messages, stream=True)
    return server.requests[-1].json["messages"][1]


@pytest.mark.parametrize("stream", [True, False])
def test_thinking_goes_back_under_its_name(server, model_of, lines, stream):
    thoughts = [lines.text("", thinking="let "), lines.text("", thinking="me")]
    if not stream:
        thoughts = [lines.text("", thinking="let me")]
    server.play(lines.answer(*thoughts, lines.text("", tool_calls=[CALL]), lines.end))
    model = model_of()
    response = model("hi", stream=stream)
    assert response.get_text() == ""
    message = json.loads(json.dumps(response.message))
    server.play(lines.hello)
    sent = _next_turn(model, server, message)
    assert sent["thinking"] == "let me"
    assert sent["tool_calls"][0]["function"] == CALL["function"]
    assert sent.keys() == {"role", "content", "thinking", "tool_calls"}


def test_another_server_does_not_get_it(server, model_of, lines):
    server.play(lines.answer(lines.text("", thinking="hm"), lines.text("Hi"), lines.end))
    message = model_of()("hi").message
    with LoopbackServer() as other:
        other.play(lines.hello)
        sent = _next_turn(model_of(host=other.url), other, message)
    assert sent == {"role": "assistant", "content": "Hi"}


MESSAGES = [
    pytest.param({"role": "assistant", "content": "Hi", "reasoning_content": "hm"}, id="OpenAI's name"),
    pytest.param({"role": "assistant", "content": "Hi", "thinking": "hm"}, id="Ollama's name"),
    pytest.param(
        Msg("m", [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Hi"}], "assistant"),
        id="a block",
    ),
]


@pytest.mark.parametrize("message", MESSAGES)
def test_reasoning_in_other_forms_becomes_thinking(server, model_of, message):
    model_of()([message, {"role": "user", "content": "x"}])
    assert server.requests[-1].json["messages"][0] == {"role": "assistant", "content": "Hi", "thinking": "hm"}
