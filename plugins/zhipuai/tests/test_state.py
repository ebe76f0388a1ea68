"""GLM gets its reasoning back, in a second turn from a new process."""

from __future__ import annotations

import json

from modelstream import Msg
from modelstream.testing.server import Answer, LoopbackServer
from modelstream.testing.turns import call_in_new_process

CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}


def _next_turn(model, server, message):
    messages = [{"role": "user", "content": "hi"}, message]
    messages += [
        {"role": "tool", "tool_call_id": call["id"], "content": "a cat"}
        for call in message.get("tool_calls", ())
    ]
    names = ("model_name", "base_url", "api_key", "transport", "sdk")
    fields = {name: getattr(model.config, name) for name in names}
    fields = {name: value for name, value in fields.items() if value is not None}
    call_in_new_process({"model_type": "zhipuai_chat", **fields}, messages, stream=True)
    return server.requests[-1].json["messages"][1]


def test_reasoning_goes_back(server, model_of, wire):
    thoughts = [wire.delta(reasoning_content="let "), wire.delta(reasoning_content="me")]
    calls = wire.delta("tool_calls", tool_calls=[CALL])
    server.play(Answer([*thoughts, calls, wire.done]))
    model = model_of()
    response = model("hi", stream=True)
    response.get_text()
    message = json.loads(json.dumps(response.message))
    server.play(wire.hello)
    sent = _next_turn(model, server, message)
    assert sent["reasoning_content"] == "let me"
    assert sent["tool_calls"][0]["id"] == "call_1"
    assert "provider_state" not in sent


def test_another_server_does_not_get_it(server, model_of, wire):
    server.play(Answer([wire.delta(reasoning_content="hm"), wire.text("Hi"), wire.end, wire.done]))
    message = model_of()("hi", stream=True)
    message.get_text()
    with LoopbackServer() as other:
        other.play(wire.hello)
        model = model_of(base_url=f"{other.url}/api/paas/v4")
        sent = _next_turn(model, other, message.message)
    assert sent == {"role": "assistant", "content": "Hi"}


def test_thinking_blocks_become_reasoning(server, model_of):
    blocks = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Hi"}]
    model_of()([Msg("m", blocks, "assistant"), {"role": "user", "content": "x"}], stream=True)
    sent = server.requests[-1].json["messages"][0]
    assert sent == {"role": "assistant", "content": "Hi", "reasoning_content": "hm"}
