"""A tool loop whose second turn is in a new process."""

from __future__ import annotations

import json

from modelstream.testing.server import Answer
from modelstream.testing.turns import call_in_new_process

CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}


def test_a_tool_loop_goes_on_in_another_process(server, model_of, wire):
    thought = wire.event(wire.output({"role": "assistant", "content": "", "reasoning_content": "hm"}))
    called = wire.output({"role": "assistant", "content": "", "tool_calls": [CALL]}, "tool_calls")
    server.play(Answer([thought, wire.event(called)]))
    model = model_of()
    response = model("hi", stream=True)
    response.get_text()
    message = json.loads(json.dumps(response.message))
    server.play(wire.hello)
    messages = [
        {"role": "user", "content": "hi"},
        message,
        {"role": "tool", "tool_call_id": "call_1", "content": "a cat"},
    ]
    fields = {"base_url": model.config.base_url, "transport": model.config.transport}
    fields |= {"model_name": model.config.model_name, "api_key": "k"}
    answer = call_in_new_process({"model_type": "dashscope_chat", **fields}, messages, stream=True)
    assert answer == {"role": "assistant", "content": "Hello"}
    sent = server.requests[-1].json["input"]["messages"]
    assert sent[1]["tool_calls"] == message["tool_calls"]
    assert sent[1].keys() == {"role", "content", "tool_calls"}  # it does not want its reasoning back
