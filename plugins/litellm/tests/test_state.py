"""What providers behind LiteLLM want back, in a second turn from a new process."""

from __future__ import annotations

import json

import pytest

from modelstream.testing.server import Answer, LoopbackServer
from modelstream.testing.turns import call_in_new_process
from modelstream_litellm import LiteLLMChat

# LiteLLM's own types warn when they are imported, which the first call does.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def _event(kind, **fields):
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def _block(index, block, *deltas):
    yield _event("content_block_start", index=index, content_block=block)
    for delta in deltas:
        yield _event("content_block_delta", index=index, delta=delta)
    yield _event("content_block_stop", index=index)


def _thinking(index, *pieces, signature):
    deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces]
    signed = {"type": "signature_delta", "signature": signature}
    return _block(index, {"type": "thinking", "thinking": "", "signature": ""}, *deltas, signed)


def _answer(reason, *blocks):
    message = {"id": "m", "type": "message", "role": "assistant", "model": "claude", "content": []}
    usage = {"input_tokens": 1, "output_tokens": 1}
    start = _event("message_start", message={**message, "usage": usage})
    end = _event("message_delta", delta={"stop_reason": reason}, usage={"output_tokens": 2})
    pieces = [piece for block in blocks for piece in block]
    return Answer([start, *pieces, end, _event("message_stop")])


LOOK = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}
HELLO = _answer("end_turn", _block(0, {"type": "text", "text": ""}, {"type": "text_delta", "text": "Hello"}))


def _claude(server):
    fields = {"model_name": "anthropic/claude-sonnet-4-5", "base_url": server.url, "api_key": "k"}
    return LiteLLMChat({**fields, "max_retries": 0})


def _next_turn(model, server, message):
    messages = [{"role": "user", "content": "hi"}, message]
    messages += [
        {"role": "tool", "tool_call_id": call["id"], "content": "a cat"}
        for call in message.get("tool_calls", ())
    ]
    names = ("model_name", "base_url", "api_key")
    fields = {name: getattr(model.config, name) for name in names}
    tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
    call_in_new_process({"model_type": "litellm_chat", **fields}, messages, stream=True, tools=tools)
    return server.requests[-1].json["messages"][1]


def test_claudes_signed_thinking_goes_back_before_its_call(server):
    server.play(
        _answer(
            "tool_use",
            _thinking(0, "let ", "me", signature="c2ln"),
            _block(1, {"type": "redacted_thinking", "data": "eA=="}),
            _block(2, LOOK, {"type": "input_json_delta", "partial_json": "{}"}),
        )
    )
    model = _claude(server)
    response = model("hi", stream=True)
    response.get_text()
    message = json.loads(json.dumps(response.message))
    server.play(HELLO)
    sent = _next_turn(model, server, message)
    assert sent["content"] == [
        {"type": "thinking", "thinking": "let me", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "eA=="},
        LOOK,
    ]
    with LoopbackServer() as other:
        other.play(HELLO)
        sent = _next_turn(_claude(other), other, message)
    assert sent["content"] == [LOOK]


def test_reasoning_goes_back_to_an_openai_like_server(server, model_of, wire):
    server.play(Answer([wire.text(reasoning_content="hm"), wire.text("Hi", "stop"), wire.done]))
    model = model_of()
    response = model("hi", stream=True)
    response.get_text()
    assert response.message["provider_state"]["dialect"] == "litellm_chat"
    server.play(wire.hello)
    model([{"role": "user", "content": "hi"}, response.message], stream=True).get_text()
    sent = server.requests[-1].json["messages"][1]
    assert sent == {"role": "assistant", "content": "Hi", "reasoning_content": "hm"}


@pytest.mark.parametrize(
    "fields",
    [
        lambda url: {"api_base": url},
        lambda url: {"base_url": url},
        lambda url: {"api_base": url, "model": "deepseek/m"},
    ],
    ids=["api_base", "base_url", "another model"],
)
def test_the_server_of_one_call_gets_no_state_of_another(server, fields):
    def chunk(delta, finish=None):
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return f"data: {json.dumps({'id': 'c', 'model': 'm', 'choices': [choice]})}\n\n".encode()

    answer = Answer(
        [chunk({"reasoning_content": "hm"}), chunk({"content": "Hi"}, "stop"), b"data: [DONE]\n\n"]
    )
    model = LiteLLMChat(model_name="openai/m", base_url=server.url, api_key="k", max_retries=0)
    server.play(answer)
    first = model("hi", stream=True)
    first.get_text()
    with LoopbackServer() as other:
        other.play(answer, answer)
        second = model([first.message, {"role": "user", "content": "x"}], stream=True, **fields(other.url))
        second.get_text()
        assert "hm" not in other.requests[-1].body.decode()
        assert second.message["provider_state"]["base_url"] == other.url
        third = model([second.message, {"role": "user", "content": "x"}], stream=True, **fields(other.url))
        third.get_text()
        assert "hm" in other.requests[-1].body.decode()


@pytest.mark.parametrize(
    ("arguments", "owner"),
    [
        ({}, "openai"),
        ({"model": "anthropic/claude"}, "anthropic"),
        ({"custom_llm_provider": "groq"}, "groq"),
        ({"api_base": "https://a.example/v1/"}, "https://a.example/v1"),
    ],
)
def test_the_owner_is_the_provider_that_a_call_names(arguments, owner):
    model = LiteLLMChat(model_name="openai/m", api_key="k")
    assert model.state_owner_of(arguments) == ("litellm_chat", owner)
