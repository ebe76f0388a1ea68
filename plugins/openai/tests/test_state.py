"""What servers want back with their answers, in a second turn from a new process."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelstream import Msg
from modelstream.testing.server import Answer, LoopbackServer
from modelstream.testing.turns import call_in_new_process
from modelstream_openai import OpenAIChat

CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
SIGNED = {"google": {"thought_signature": "c2ln"}}
TEXT, SUMMARY, SECRET = "reasoning.text", "reasoning.summary", "reasoning.encrypted"


def _detail(text: str, **more: Any) -> dict[str, Any]:
    return {"type": TEXT, "text": text, "index": 0, "format": "anthropic-claude-v1", **more}


# The deltas of an answer, and what the assistant's message of the next turn has besides content and calls.
TURNS = [
    pytest.param([{"content": "Hi"}], {}, {}, id="nothing"),
    pytest.param(
        [{"reasoning_content": "let "}, {"reasoning_content": "me"}, {"tool_calls": [CALL]}],
        {"reasoning_content": "let me"},
        {},
        id="DeepSeek and GLM",
    ),
    pytest.param(
        [{"reasoning_content": "hm", "content": "Hi"}], {"reasoning_content": "hm"}, {}, id="in one frame"
    ),
    pytest.param([{"reasoning": "hm"}, {"content": "Hi"}], {}, {}, id="plain reasoning is not wanted"),
    pytest.param(
        [
            {"content": "", "reasoning": "let ", "reasoning_details": [_detail("let ")]},
            {"content": "", "reasoning": "me", "reasoning_details": [_detail("me")]},
            {"content": "", "reasoning": None, "reasoning_details": [_detail("", signature="c2ln")]},
            {"tool_calls": [CALL]},
        ],
        {"reasoning_details": [_detail("let me", signature="c2ln")]},
        {},
        id="OpenRouter, signed",
    ),
    pytest.param(
        [
            {"reasoning_details": [{"type": SUMMARY, "summary": "a", "index": 0}]},
            {"reasoning_details": [{"type": SUMMARY, "summary": "b", "index": 0}]},
            {"reasoning_details": [{"type": SECRET, "data": "eA==", "id": "r1", "index": 0}]},
            {"reasoning_details": [{"type": SECRET, "data": "eQ==", "id": "r2", "index": 1}]},
            {"content": "Hi"},
        ],
        {
            "reasoning_details": [
                {"type": SUMMARY, "summary": "ab", "index": 0},
                {"type": SECRET, "data": "eA==", "id": "r1", "index": 0},
                {"type": SECRET, "data": "eQ==", "id": "r2", "index": 1},
            ]
        },
        {},
        id="OpenRouter, encrypted",
    ),
    pytest.param(
        [
            {"reasoning_details": [_detail("one", signature="a")]},
            {"reasoning_details": [_detail("two", signature="b")]},
            {"content": "Hi", "reasoning_details": []},
        ],
        {"reasoning_details": [_detail("one", signature="a"), _detail("two", signature="b")]},
        {},
        id="a signature ends a block",
    ),
    pytest.param(
        [
            {"reasoning_details": [_detail("let me", format="MiniMax-response-v1")]},
            {"reasoning_details": [_detail("let me see", format="MiniMax-response-v1")]},
            {"content": "Hi"},
        ],
        {"reasoning_details": [_detail("let me see", format="MiniMax-response-v1")]},
        {},
        id="MiniMax, the whole text with every piece",
    ),
    pytest.param(
        [{"tool_calls": [{**CALL, "extra_content": SIGNED}]}],
        {},
        {"extra_content": SIGNED},
        id="Gemini, a signed call",
    ),
    pytest.param(
        [{"tool_calls": [{**CALL, "id": "", "extra_content": SIGNED}]}],
        {},
        {"extra_content": SIGNED},
        id="Gemini, a signed call without an id",
    ),
    pytest.param(
        [{"tool_calls": [CALL]}, {"tool_calls": [{"index": 0, "extra_content": SIGNED}]}],
        {},
        {"extra_content": SIGNED},
        id="Gemini, the signature in a later piece",
    ),
    pytest.param(
        [{"content": "Hi", "extra_content": SIGNED}],
        {"extra_content": SIGNED},
        {},
        id="Gemini, a signed text",
    ),
    pytest.param(
        [{"content": "Hi", "extra_content": {"google": {"thought": True}}}], {}, {}, id="Gemini, no signature"
    ),
    pytest.param(
        [{"reasoning_details": "x", "thinking_blocks": {}, "extra_content": 1, "content": "Hi"}],
        {},
        {},
        id="unusable fields",
    ),
]


def _streamed(event: Any, deltas: list[dict[str, Any]]) -> Answer:
    finish = "tool_calls" if any("tool_calls" in delta for delta in deltas) else "stop"
    frames = [event({"choices": [{"index": 0, "delta": delta}]}) for delta in deltas]
    end = event({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    return Answer([*frames, end, event("[DONE]")])


def _next_turn(model: Any, server: LoopbackServer, message: dict[str, Any]) -> dict[str, Any]:
    """The message as another wrapper sends it: with the native transport, that of a new process."""
    messages = [{"role": "user", "content": "hi"}, message]
    messages += [
        {"role": "tool", "tool_call_id": call["id"], "content": "a cat"}
        for call in message.get("tool_calls", ())
    ]
    if model.config.transport == "native":
        fields = {"model_name": "gpt-test", "base_url": model.config.base_url, "transport": "native"}
        call_in_new_process({"model_type": "openai_chat", **fields}, messages, stream=True)
    else:  # the SDK's import takes too long to repeat it for each test
        type(model)(model.config)(messages, stream=True).get_text()
    sent: dict[str, Any] = server.requests[-1].json["messages"][1]
    return sent


@pytest.mark.parametrize(("deltas", "of_message", "of_call"), TURNS)
def test_the_server_gets_back_what_it_wants(server, model_of, wire, deltas, of_message, of_call) -> None:
    model = model_of(server.url)
    server.play(_streamed(wire.event, deltas))
    response = model([{"role": "user", "content": "hi"}], stream=True)
    response.get_text()
    message = json.loads(json.dumps(response.message))
    server.play(wire.hello)
    sent = _next_turn(model, server, message)
    known = {"role", "content", "tool_calls"}
    assert {name: value for name, value in sent.items() if name not in known} == of_message
    calls = sent.get("tool_calls", [])
    assert [call["id"] for call in calls] == [call.id for call in response.tool_calls]
    assert all({**call, **of_call} == call for call in calls)
    assert all(("extra_content" in call) is bool(of_call) for call in calls)


def test_an_answer_that_is_not_streamed_has_its_state(server, model_of, wire) -> None:
    expected = {
        "role": "assistant",
        "content": "Hi",
        "reasoning_content": "hm",
        "reasoning_details": [{"type": SECRET, "data": "eA=="}],
        "tool_calls": [{**CALL, "extra_content": SIGNED}],
    }
    model = model_of(server.url)
    body = {"choices": [{"index": 0, "message": expected, "finish_reason": "tool_calls"}]}
    server.play(Answer.of_json(body))
    message = model("hi", stream=False).message
    server.play(wire.hello)
    sent = _next_turn(model, server, message)
    del expected["tool_calls"][0]["index"]
    assert sent == expected


@pytest.mark.parametrize("finishes", ["on every frame", "never, and then [DONE]"])
def test_the_state_is_whole_whatever_the_end(server, model_of, wire, finishes) -> None:
    deltas = [
        {"content": "", "reasoning_details": [_detail("let ")]},
        {"content": "", "reasoning_details": [_detail("me")]},
        {"content": "Hi"},
    ]
    finish = "stop" if finishes == "on every frame" else None
    frames = [
        wire.event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}) for delta in deltas
    ]
    server.play(Answer([*frames, wire.usage, wire.done]))
    model = model_of(server.url, end_marker=None if finish else "usage")
    response = model("hi", stream=True)
    assert response.get_text() == "Hi"
    server.play(wire.hello)
    assert _next_turn(model, server, response.message)["reasoning_details"] == [_detail("let me")]


def test_another_server_does_not_get_the_state(server, model_of, wire) -> None:
    server.play(_streamed(wire.event, [{"reasoning_content": "hm"}, {"tool_calls": [CALL]}]))
    response = model_of(server.url)("hi", stream=True)
    response.get_text()
    with LoopbackServer() as other:
        other.play(wire.hello)
        sent = _next_turn(model_of(other.url), other, response.message)
    assert sent.keys() == {"role", "content", "tool_calls"}


def test_fields_of_the_caller_stay_as_they_are(server, model, wire) -> None:
    message = {"role": "assistant", "content": "Hi", "reasoning_content": "mine", "x": 1}
    model([{"role": "user", "content": "hi"}, message])
    assert server.requests[-1].json["messages"][1] == message


@pytest.mark.parametrize(
    ("base_url", "accepts"),
    [
        ("https://api.deepseek.com", True),
        ("http://localhost:8000/v1", True),
        ("https://notmistral.ai/v1", True),
        ("https://api.mistral.ai/v1", False),
        ("https://api.openai.com/v1", False),
        ("https://x.openai.azure.com/openai", False),
    ],
)
def test_thinking_blocks_go_to_servers_that_may_accept_them(base_url, accepts) -> None:
    config = {"model_name": "m", "base_url": base_url, "api_key": "k", "transport": "native"}
    assert OpenAIChat(config).accepts_reasoning() is accepts


def test_a_thinking_block_becomes_reasoning_content(server, model) -> None:
    blocks = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Hi"}]
    model([Msg("m", blocks, "assistant"), {"role": "user", "content": "x"}])
    sent = server.requests[-1].json["messages"][0]
    assert sent == {"role": "assistant", "content": "Hi", "reasoning_content": "hm"}
